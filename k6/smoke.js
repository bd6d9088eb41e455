// smoke.js -- the main job through the gateway: a citizen files a report, everybody reads it in the
// feed, an officer finds it in the inbox, asks its author something and moves it on, another citizen votes for it.
import { check, group } from 'k6';
import { expect, get, send, tokenOf } from './lib/city.js';

const [citizen, voter, officer] = ['citizen1', 'citizen2', 'officer1']
    .map((name) => ({ username: name, password: 'password' }));

export const options = {
    vus: 2,
    iterations: 20,
    thresholds: {
        checks: ['rate==1'],
        http_req_failed: ['rate==0'],
    },
};

// Adds the position of one's own write: the answer is at least that new.
function after(position) {
    return `min_position=${position}&wait_ms=5000`;
}

function fileReport() {
    const answer = send('POST', '/reports', {
        content: `Street light out, seen by ${__VU}/${__ITER}`,
        category: 'infrastruktur',
        location: { latitude: -6.2, longitude: 106.8, street: 'Jalan Merdeka 1' },
    }, tokenOf(citizen), null, { 'Idempotency-Key': `smoke-${__VU}-${__ITER}-${Date.now()}-key` });
    check(answer, {
        'report filed': (r) => r.status === 201 && r.json('status') === 'RECEIVED',
        'answer names its place': (r) => r.headers.Location === `/reports/${r.json('report_id')}`,
    });
    return answer.status === 201 ? answer.json() : undefined;
}

function lists(answer, what, id) {
    check(answer, {
        [what]: (r) => r.status === 200 && r.json('data').some((row) => row.report_id === id),
    });
}

function workCase(id, position) {
    lists(get(`/cases/inbox?status=RECEIVED&limit=200&${after(position)}`, tokenOf(officer), '/cases/inbox'),
        'in the inbox', id);
    const moved = send('PATCH', `/cases/${id}/status`, { status: 'IN_PROGRESS' }, tokenOf(officer),
        '/cases/{id}/status');
    if (!expect(moved, 'moved on', 200)) {
        return;
    }
    check(get(`/cases/${id}?${after(moved.json('position'))}`, tokenOf(officer), '/cases/{id}'), {
        'is in progress': (r) => r.status === 200 && r.body.includes('IN_PROGRESS'),
    });
}

// Question and answer, priority, comment: what happens between filing and closing.
function handleCase(id) {
    const token = tokenOf(officer);
    expect(send('POST', `/cases/${id}/acknowledge`, null, token, '/cases/{id}/acknowledge'), 'acknowledged', 200);
    expect(send('PATCH', `/cases/${id}/priority`, { priority: 'high' }, token, '/cases/{id}/priority'), 'priority set', 200);
    const asked = send('POST', `/cases/${id}/questions`, { text: 'Which of the two?' }, token, '/cases/{id}/questions');
    if (!expect(asked, 'asked', 201)) {
        return;
    }
    const answered = send('POST', `/reports/${id}/answers`, { question_id: asked.json('question_id'), text: 'The left one' },
        tokenOf(citizen), '/reports/{id}/answers');
    if (!expect(answered, 'answered', 200)) {
        return;
    }
    check(get(`/cases/${id}?${after(answered.json('position'))}`, token, '/cases/{id}'), {
        'shows the answer': (r) => r.status === 200 && r.json('questions')[0].answer === 'The left one',
        'shows the priority': (r) => r.status === 200 && r.json('priority') === 'high',
    });
}

export default function () {
    const report = fileReport();
    if (!report) {
        return; // its check has failed: nothing to go on with
    }
    const id = report.report_id;
    group('feed', () => lists(get(`/reports/public?limit=200&${after(report.position)}`, undefined,
        '/reports/public'), 'in the feed', id));
    group('vote', () => expect(send('POST', `/reports/${id}/upvote`, null, tokenOf(voter),
        '/reports/{id}/upvote'), 'voted', 200));
    group('case', () => workCase(id, report.position));
    group('casework', () => handleCase(id));
}
