// constant-rate.js -- RATE requests/s (200) for DURATION (60s), whatever the answers take: an open loop,
// in which a slow server is not asked less. P95 (50) is the limit of reads in ms, of creates twice that.
import { number, seconds, statistics } from './lib/city.js';
import { limits, request } from './lib/mix.js';
import { warmUsers } from './lib/users.js';
import { summary } from './lib/summary.js';

const vus = number('VUS', 100);

export const options = {
    scenarios: {
        constant_rate: {
            executor: 'constant-arrival-rate',
            rate: number('RATE', 200),
            timeUnit: '1s',
            duration: `${seconds('DURATION', '60s')}s`,
            preAllocatedVUs: vus,
        },
    },
    thresholds: Object.assign({
        checks: ['rate==1'],
        http_req_failed: ['rate<0.001'],
        dropped_iterations: ['count==0'], // else more VUS are needed for this rate
    }, limits(number('P95', 50))),
    summaryTrendStats: statistics,
    setupTimeout: '120s',
};

export function setup() {
    return warmUsers(Math.min(vus, 50));
}

export default request;

export const handleSummary = summary('constant-rate');
