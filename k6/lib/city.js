// city.js -- the interface of Citywatch as the load scripts use it, and the settings they share.
import http from 'k6/http';
import { check } from 'k6';

export const address = (__ENV.BASE_URL || 'http://127.0.0.1:8000').replace(/\/+$/, '');

// A whole number from the environment, else what the script has by default.
export function number(name, fallback) {
    const value = __ENV[name] ? Number(__ENV[name]) : fallback;
    if (!(value > 0)) {
        throw new Error(`${name}=${__ENV[name]} is not a number above 0`);
    }
    return value;
}

// 90, 90s, 15m, 1h: in seconds.
export function seconds(name, fallback) {
    const match = /^(\d+)([smh]?)$/.exec(__ENV[name] || fallback);
    if (!match || Number(match[1]) === 0) {
        throw new Error(`${name}=${__ENV[name]} is not a duration such as 90s, 15m, 1h`);
    }
    return Number(match[1]) * { '': 1, s: 1, m: 60, h: 3600 }[match[2]];
}

export const statistics = ['avg', 'min', 'med', 'p(90)', 'p(95)', 'p(99)', 'max', 'count'];

// The durations of answers as expected: a refused connection takes 0 ms, and a time-out its limit;
// neither is an answer. Failed requests are counted by http_req_failed alone. `tags`: "a:b,c:d".
export function answered(tags) {
    return `http_req_duration{expected_response:true${tags ? `,${tags}` : ''}}`;
}

// The name groups the figures of all requests to one route, whatever id stands in it.
function options(name, token, more) {
    const headers = { 'Content-Type': 'application/json' };
    if (token) {
        headers.Authorization = `Bearer ${token}`;
    }
    return { headers: Object.assign(headers, more), tags: { name: name } };
}

export function get(path, token, name) {
    return http.get(address + path, options(`GET ${name || path}`, token));
}

export function send(method, path, body, token, name, more) {
    return http.request(method, address + path, body === null ? null : JSON.stringify(body),
        options(`${method} ${name || path}`, token, more));
}

// True if the answer has that status; counted as a check.
export function expect(answer, what, status) {
    return check(answer, { [what]: (r) => r.status === status });
}

// {token, until}: it is valid for `expires_in` seconds, of which the last tenth is not used. Undefined if
// the log-in failed.
function logInAnew(user) {
    const asked = Date.now();
    const answer = send('POST', '/auth/login', user);
    if (!expect(answer, 'logged in', 200)) {
        return undefined;
    }
    return { token: answer.json('token'), until: asked + 900 * answer.json('expires_in') };
}

export function logIn(user) {
    const session = logInAnew(user);
    return session && session.token;
}

// Each virtual user keeps its tokens and logs in again before they run out. Undefined if that failed: what
// needs a token is not sent without one.
const kept = {};
export function tokenOf(user) {
    const has = kept[user.username];
    if (!has || Date.now() >= has.until) {
        kept[user.username] = logInAnew(user);
    }
    return kept[user.username] && kept[user.username].token;
}

// After a 401: the session was ended before its time.
export function forgetToken(user) {
    delete kept[user.username];
}

export function oneOf(list) {
    return list[Math.floor(Math.random() * list.length)];
}

const categories = ['infrastruktur', 'kebersihan', 'lainnya', 'kesehatan', 'keamanan', 'kriminalitas'];

// The published run of the seed: 70 % public, 30 % anonymous, categories uniform over six.
export function newReport() {
    return {
        content: `Load test report ${__VU}/${__ITER} of ${new Date().toISOString()}`,
        visibility: Math.random() < 0.7 ? 'PUBLIC' : 'ANONYMOUS',
        category: oneOf(categories),
    };
}
