// spike.js -- RATE requests/s (50), for a third of DURATION (90s) FACTOR (10) times as many, then RATE
// again: nothing but a success or a polite 503 all the time, and afterwards as fast as before. Open loop.
import { answered, number, seconds, statistics } from './lib/city.js';
import { limits, request } from './lib/mix.js';
import { warmUsers } from './lib/users.js';
import { summary } from './lib/summary.js';

const rate = number('RATE', 50);
const factor = number('FACTOR', 10);
const vus = number('VUS', 200);
const third = Math.ceil(seconds('DURATION', '90s') / 3);

function phase(name, index, perSecond) {
    return {
        executor: 'constant-arrival-rate',
        rate: perSecond,
        timeUnit: '1s',
        startTime: `${index * third}s`,
        duration: `${third}s`,
        preAllocatedVUs: vus,
        gracefulStop: '5s',
        tags: { phase: name },
    };
}

export const options = {
    scenarios: {
        before: phase('before', 0, rate),
        spike: phase('spike', 1, rate * factor),
        after: phase('after', 2, rate),
    },
    thresholds: Object.assign({
        checks: ['rate==1'],
        [answered('phase:before')]: ['p(95)<100'],
        [answered('phase:spike')]: ['p(99)<5000'],
    }, limits(100, 'phase:after')),
    summaryTrendStats: statistics,
    setupTimeout: '120s',
};

export function setup() {
    return warmUsers(Math.min(vus, 50));
}

export default request;

export const handleSummary = summary('spike');
