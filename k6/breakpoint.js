// breakpoint.js -- raises the rate evenly from 10 requests/s to RATE (3000) within DURATION (120s) and
// stops as soon as a threshold breaks: p95 above P95 (100 ms), or more than 1 % failed. The closing
// line says at which rate. Open loop.
import { answered, number, seconds, statistics } from './lib/city.js';
import { request } from './lib/mix.js';
import { warmUsers } from './lib/users.js';
import { summary } from './lib/summary.js';

const first = 10;
const last = number('RATE', 3000);
const vus = number('VUS', 300);
const duration = seconds('DURATION', '120s');

function stopping(rule) {
    return [{ threshold: rule, abortOnFail: true, delayAbortEval: '5s' }];
}

export const options = {
    scenarios: {
        breakpoint: {
            executor: 'ramping-arrival-rate',
            startRate: first,
            timeUnit: '1s',
            preAllocatedVUs: vus,
            stages: [{ target: last, duration: `${duration}s` }],
        },
    },
    thresholds: {
        [answered()]: stopping(`p(95)<${number('P95', 100)}`),
        http_req_failed: stopping('rate<0.01'),
        dropped_iterations: stopping(`count<${vus}`),
    },
    summaryTrendStats: statistics,
    setupTimeout: '120s',
};

export function setup() {
    return warmUsers(Math.min(vus, 50));
}

export default request;

// The percentile is of the whole run, so the server gave way a little before this rate.
function closing(data) {
    const broke = Object.values(data.metrics)
        .some((metric) => Object.values(metric.thresholds || {}).some((rule) => !rule.ok));
    const part = Math.min(1, data.state.testRunDurationMs / 1000 / duration);
    const rate = Math.round(first + (last - first) * part);
    return broke ? `\nIt broke at about ${rate} requests/s.\n` : `\nIt held ${rate} requests/s: raise RATE.\n`;
}

export const handleSummary = summary('breakpoint', { closing: closing });
