// mix.js -- one iteration, one request: what spike, soak, constant-rate and breakpoint send. Of 20
// requests 12 read the feed, 2 one's own reports, 2 the inbox, 3 file a report and 1 votes.
import { check } from 'k6';
import { answered, forgetToken, get, newReport, oneOf, send, tokenOf } from './city.js';
import { citizen, officer } from './users.js';

let feed = []; // the ids last seen in it

function readFeed() {
    const answer = get('/reports/public');
    if (answer.status === 200) {
        feed = answer.json('data').map((row) => row.report_id);
    }
    return answer;
}

function vote(token) {
    const id = oneOf(feed);
    return id ? send('POST', `/reports/${id}/upvote`, null, token, '/reports/{id}/upvote') : readFeed();
}

// With a token of that user; without an answer if the log-in failed, which was counted there.
function as(user, ask) {
    const token = tokenOf(user);
    const answer = token && ask(token);
    if (answer && answer.status === 401) {
        forgetToken(user);
    }
    return answer;
}

function oneRequest(user) {
    const dice = Math.random() * 20;
    if (dice < 12) {
        return readFeed();
    }
    if (dice < 14) {
        return as(user, (token) => get('/reports/me', token));
    }
    if (dice < 16) {
        return as(officer, (token) => get('/cases/inbox', token));
    }
    return as(user, (token) => (dice < 19 ? send('POST', '/reports', newReport(), token) : vote(token)));
}

// A server with too much to do may say so: 503 with Retry-After. Anything else but a success is a fault.
export function request(count) {
    const answer = oneRequest(citizen(count));
    check(answer, {
        'served, or refused politely': (r) => r && ((r.status >= 200 && r.status < 300) ||
            (r.status === 503 && r.headers['Retry-After'] !== undefined)),
    });
}

// Thresholds by kind of request that was answered, in ms at p95: of the whole run, or of its part `tag`.
export function limits(p95, tag) {
    const of = (kind) => answered(`name:${kind}${tag ? `,${tag}` : ''}`);
    return {
        [of('GET /reports/public')]: [`p(95)<${p95}`],
        [of('GET /reports/me')]: [`p(95)<${p95}`],
        [of('GET /cases/inbox')]: [`p(95)<${p95}`],
        [of('POST /reports')]: [`p(95)<${2 * p95}`],
    };
}
