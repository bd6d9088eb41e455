// soak.js -- VUS (20) virtual users for DURATION (30m), a second of thought between two requests: no
// error, and the last quarter as fast as the first.
import { sleep } from 'k6';
import exec from 'k6/execution';
import { number, seconds, statistics } from './lib/city.js';
import { limits, request } from './lib/mix.js';
import { registerUsers } from './lib/users.js';
import { summary } from './lib/summary.js';

const vus = number('VUS', 20);
const duration = seconds('DURATION', '30m');
const p95 = number('P95', 50);

export const options = {
    scenarios: {
        soak: { executor: 'constant-vus', vus: vus, duration: `${duration}s` },
    },
    thresholds: Object.assign({ checks: ['rate==1'], http_req_failed: ['rate<0.001'] },
        limits(p95, 'quarter:1'), limits(p95, 'quarter:4')),
    summaryTrendStats: statistics,
    setupTimeout: '120s',
};

export function setup() {
    return registerUsers(vus);
}

export default function (count) {
    const done = (Date.now() - exec.scenario.startTime) / 1000 / duration;
    exec.vu.metrics.tags.quarter = String(Math.min(4, 1 + Math.floor(4 * done)));
    request(count);
    sleep(0.5 + Math.random());
}

export const handleSummary = summary('soak');
