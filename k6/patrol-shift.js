// patrol-shift.js -- a shift: patrols say where they are every second, dispatchers see which crimes wait and send the
// nearest, crews set out, arrive and resolve, and everybody else reads.
//
// VUS (6) crews, a tenth of them, at least one, dispatchers; DURATION (60s), P95 (50 ms). Patrols are registered for the
// run by dispatcher1, who also acts for the crews: accounts of crews are not needed. Each crime is reported by a citizen.
import { sleep } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { answered, expect, get, number, oneOf, seconds, send, statistics, tokenOf } from './lib/city.js';
import { summary } from './lib/summary.js';

const crews = number('VUS', 6);
const dispatchers = Math.max(1, Math.round(crews / 10));
const duration = `${seconds('DURATION', '60s')}s`;
const p95 = number('P95', 50);
const [citizen, dispatcher] = ['citizen1', 'dispatcher1'].map((name) => ({ username: name, password: 'password' }));
const CENTRE = { latitude: -6.2, longitude: 106.8 };
const ROUTES = ['PUT /patrols/{id}/location', 'GET /dispatch/queue', 'POST /dispatch', 'POST /dispatch/{id}/accept',
    'GET /patrols', 'GET /crimes'];

function scenario(what, vus) {
    return { executor: 'constant-vus', exec: what, vus: vus, duration: duration };
}

// Who comes second, or finds nobody free, is answered 409: that is no failure.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 399 }, 409));

export const options = {
    scenarios: { crews: scenario('crew', crews), dispatchers: scenario('dispatch', dispatchers), readers: scenario('read', 1) },
    thresholds: Object.assign({ checks: ['rate==1'], http_req_failed: ['rate<0.001'] },
        Object.fromEntries(ROUTES.map((name) => [answered(`name:${name}`), [`p(95)<${p95}`]]))),
    summaryTrendStats: statistics,
    setupTimeout: '60s',
};

function near() {
    return { latitude: CENTRE.latitude + (Math.random() - 0.5) / 20, longitude: CENTRE.longitude + (Math.random() - 0.5) / 20 };
}

function put(path, body, name) {
    return send('PUT', path, body, tokenOf(dispatcher), name);
}

export function setup() {
    const patrols = [];
    for (let i = 0; i < crews; i++) {
        const made = send('POST', '/patrols', { call_sign: `Shift ${i}`, agency: 'AGENCY_SAFETY' }, tokenOf(dispatcher));
        if (expect(made, 'registered', 201)) {
            patrols.push(made.json('patrol_id'));
            expect(put(`/patrols/${made.json('patrol_id')}`, { status: 'available', location: near() }, '/patrols/{id}'), 'on duty', 200);
        }
    }
    return patrols;
}

// What is offered to the patrol is accepted, then it arrives and resolves the crime.
function answerOffers(patrol) {
    const offered = get(`/dispatch?patrol_id=${patrol}&status=OFFERED`, tokenOf(dispatcher), '/dispatch');
    if (!expect(offered, 'offers read', 200)) {
        return;
    }
    for (const one of offered.json('data')) {
        for (const step of ['accept', 'arrive']) {
            const done = send('POST', `/dispatch/${one.dispatch_id}/${step}`, null, tokenOf(dispatcher), `/dispatch/{id}/${step}`);
            expect(done, step, done.status === 409 ? 409 : 200);
        }
        const ended = send('PATCH', `/crimes/${one.report_id}`, { status: 'resolved' }, tokenOf(dispatcher), '/crimes/{id}');
        expect(ended, 'resolved', ended.status === 409 ? 409 : 200);
    }
}

export function crew(patrols) {
    const mine = patrols[exec.scenario.iterationInTest % patrols.length];
    expect(put(`/patrols/${mine}/location`, { location: near() }, '/patrols/{id}/location'), 'position told', 200);
    answerOffers(mine);
    sleep(1);
}

// A crime is reported and the queue seen; the nearest free patrol is sent, or nobody is free.
export function dispatch() {
    const made = send('POST', '/crimes', { description: `Seen in a shift ${__VU}/${__ITER}`, location: near() }, tokenOf(citizen));
    const queue = get('/dispatch/queue?limit=20', tokenOf(dispatcher), '/dispatch/queue');
    expect(queue, 'queue read', 200);
    if (expect(made, 'crime reported', 201)) {
        const sent = send('POST', '/dispatch', { crime_id: made.json('id') }, tokenOf(dispatcher), '/dispatch');
        expect(sent, 'sent, or nobody is free', sent.status === 409 ? 409 : 201);
    }
    sleep(2);
}

export function read() {
    const at = oneOf(['', `&latitude=${CENTRE.latitude}&longitude=${CENTRE.longitude}`]);
    expect(get(`/patrols?limit=50${at}`, tokenOf(dispatcher), '/patrols'), 'patrols read', 200);
    expect(get('/crimes'), 'crimes read', 200);
    sleep(0.2);
}

export function teardown(patrols) {
    for (const patrol of patrols) {
        put(`/patrols/${patrol}/status?confirm=true`, { status: 'off_duty' }, '/patrols/{id}/status');
    }
}

export const handleSummary = summary('patrol-shift');
