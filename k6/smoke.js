// smoke.js -- the main job through the gateway: a citizen files a report, everybody reads it in the
// feed, an officer finds it in the inbox and moves it on, another citizen votes for it.
import http from 'k6/http';
import { check, group } from 'k6';

const gateway = __ENV.BASE_URL || 'http://127.0.0.1:8000';

export const options = {
    vus: 2,
    iterations: 20,
    thresholds: {
        checks: ['rate==1'],
        http_req_failed: ['rate==0'],
    },
};

function headers(token, more) {
    const all = { 'Content-Type': 'application/json' };
    if (token) {
        all.Authorization = `Bearer ${token}`;
    }
    return { headers: Object.assign(all, more) };
}

function logIn(username) {
    const answer = http.post(`${gateway}/auth/login`,
        JSON.stringify({ username: username, password: 'password' }), headers());
    check(answer, { 'logged in': (r) => r.status === 200 && r.json('token') !== undefined });
    return answer.json('token');
}

export function setup() {
    return { citizen: logIn('citizen1'), voter: logIn('citizen2'), officer: logIn('officer1') };
}

// Adds the position of one's own write: the answer is at least that new.
function after(position) {
    return `min_position=${position}&wait_ms=5000`;
}

function fileReport(token) {
    const answer = http.post(`${gateway}/reports`, JSON.stringify({
        content: `Street light out, seen by ${__VU}/${__ITER}`,
        category: 'infrastruktur',
        location: { latitude: -6.2, longitude: 106.8, street: 'Jalan Merdeka 1' },
    }), headers(token, { 'Idempotency-Key': `smoke-${__VU}-${__ITER}-${Date.now()}-key` }));
    check(answer, {
        'report filed': (r) => r.status === 201 && r.json('status') === 'RECEIVED',
        'answer names its place': (r) => r.headers.Location === `/reports/${r.json('report_id')}`,
    });
    return answer.json();
}

export default function (tokens) {
    const report = fileReport(tokens.citizen);

    group('feed', () => {
        const feed = http.get(`${gateway}/reports/public?limit=200&${after(report.position)}`);
        check(feed, {
            'in the feed': (r) => r.status === 200 &&
                r.json('data').some((row) => row.report_id === report.report_id),
        });
    });
    group('vote', () => {
        const vote = http.post(`${gateway}/reports/${report.report_id}/upvote`, null,
            headers(tokens.voter));
        check(vote, { 'voted': (r) => r.status === 200 });
    });
    group('case', () => {
        const inbox = http.get(
            `${gateway}/cases/inbox?status=RECEIVED&limit=200&${after(report.position)}`,
            headers(tokens.officer));
        check(inbox, {
            'in the inbox': (r) => r.status === 200 &&
                r.json('data').some((row) => row.report_id === report.report_id),
        });
        const moved = http.patch(`${gateway}/cases/${report.report_id}/status`,
            JSON.stringify({ status: 'IN_PROGRESS' }), headers(tokens.officer));
        check(moved, { 'moved on': (r) => r.status === 200 });
        const item = http.get(`${gateway}/cases/${report.report_id}?${after(moved.json('position'))}`,
            headers(tokens.officer));
        check(item, {
            'is in progress': (r) => r.status === 200 && r.body.includes('IN_PROGRESS'),
        });
    });
}
