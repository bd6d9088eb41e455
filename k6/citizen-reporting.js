// citizen-reporting.js -- the load test of the citizen-reporting seed: its stages, its mix, its think
// times, the names of its metrics, so that its published table can be laid beside ours.
//
// VUS (150) and DURATION (5m30s in the seed) shrink it: VUS scales the number of users, DURATION the
// stages. USERS=unique gives every virtual user a citizen of its own. The thresholds are the seed's
// and, tagged `goal:ours`, our own; GOALS=seed leaves ours out.
import { sleep } from 'k6';
import { Trend } from 'k6/metrics';
import { answered, expect, get, logIn, newReport, number, oneOf, seconds, send, statistics } from './lib/city.js';
import { citizen, officer, registerUsers } from './lib/users.js';
import { summary } from './lib/summary.js';

const vus = number('VUS', 150);
const scale = seconds('DURATION', '330s') / 330;
const ours = { goal: 'ours' };

const write = new Trend('write_latency', true);
const read = new Trend('read_latency', true);
const sync = new Trend('cqrs_sync_time', true);

function stage(length, users) {
    return { duration: `${Math.ceil(length * scale)}s`, target: Math.ceil((users * vus) / 150) };
}

const goals = (__ENV.GOALS || 'ours') === 'seed' ? {} : {
    [answered('goal:ours')]: ['p(95)<5'],
    'write_latency{goal:ours}': ['p(95)<10'],
    'read_latency{goal:ours}': ['p(95)<5'],
};

export const options = {
    scenarios: {
        citizen_reporting: {
            executor: 'ramping-vus',
            startVUs: 0,
            gracefulRampDown: '10s',
            stages: [stage(30, 50), stage(60, 100), stage(120, 100), stage(30, 150), stage(60, 150), stage(30, 0)],
            tags: ours,
        },
    },
    thresholds: Object.assign({
        [answered()]: ['p(95)<500', 'p(99)<1000'],
        http_req_failed: ['rate<0.1'],
        write_latency: ['p(95)<300'],
        read_latency: ['p(95)<500'],
    }, goals),
    summaryTrendStats: statistics,
    setupTimeout: '120s',
};

export function setup() {
    return registerUsers(vus);
}

function file(token) {
    const answer = send('POST', '/reports', newReport(), token);
    if (!expect(answer, 'report filed', 201)) {
        return undefined;
    }
    write.add(answer.timings.duration, ours);
    return answer.json('report_id');
}

function seen(token, id) {
    const answer = get('/reports/me', token);
    if (expect(answer, 'my reports', 200) && answer.json('data').some((row) => row.report_id === id)) {
        sync.add(answer.timings.duration, ours);
    }
}

function readAll(citizenToken, officerToken) {
    const answers = [
        [get('/reports/me', citizenToken), 'my reports'],
        [get('/reports/public'), 'feed'],
        [get('/cases/inbox', officerToken), 'inbox'],
        [get('/sla/status'), 'clocks'],
    ];
    for (const [answer, what] of answers) {
        if (expect(answer, what, 200)) {
            read.add(answer.timings.duration, ours);
        }
    }
}

function workCase(token) {
    const inbox = get('/cases/inbox', token);
    if (!expect(inbox, 'inbox', 200)) {
        return;
    }
    const first = inbox.json('data').find((row) => row.status === 'RECEIVED');
    if (first) {
        expect(send('PATCH', `/cases/${first.report_id}/status`, { status: 'IN_PROGRESS' }, token,
            '/cases/{id}/status'), 'case moved on', 200);
    }
}

function vote(token) {
    const feed = get('/reports/public');
    if (!expect(feed, 'feed', 200)) {
        return;
    }
    const row = oneOf(feed.json('data'));
    if (row) {
        expect(send('POST', `/reports/${row.report_id}/upvote`, null, token, '/reports/{id}/upvote'), 'voted', 200);
    }
}

export default function (count) {
    const citizenToken = logIn(citizen(count));
    const officerToken = logIn(officer);
    if (!citizenToken || !officerToken) {
        sleep(1);
        return; // counted as a failed log-in
    }
    const id = file(citizenToken);
    sleep(1);
    seen(citizenToken, id);
    readAll(citizenToken, officerToken);
    workCase(officerToken);
    vote(citizenToken);
    sleep(1 + 2 * Math.random());
}

export const handleSummary = summary('citizen-reporting', {
    published: {
        title: 'published by the seed, ms (other machine)',
        rows: {
            http_req_duration: [41.27, 10.86, 58.68, 139.12, undefined, 1468.4],
            write_latency: [25.46, 18, 52, 66, undefined, 250],
            read_latency: [64.66, 10, 132, 421, undefined, 1435],
            cqrs_sync_time: [17.78, 9, 46, 61, undefined, 254],
        },
    },
});
