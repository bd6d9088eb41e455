// users.js -- who the virtual users are. USERS=seed: citizen1 and officer1, as in the seed.
// USERS=unique: a citizen of its own for each of USER_COUNT virtual users; they are registered by
// setup() once and found again by later runs. The officer is officer1 in both.
import { logIn, send } from './city.js';

const unique = (__ENV.USERS || 'seed') === 'unique';
if (!unique && __ENV.USERS && __ENV.USERS !== 'seed') {
    throw new Error(`USERS=${__ENV.USERS}: seed or unique`);
}
const password = 'a password for load tests';

export const officer = { username: 'officer1', password: 'password' };

function name(n) {
    return `load-citizen-${n}`;
}

function userOf(n, count) {
    return count
        ? { username: name(n % count), password: password }
        : { username: 'citizen1', password: 'password' };
}

// Called by setup(). A password costs 60 ms of a core to hash, so this takes its time.
export function registerUsers(count) {
    for (let n = 0; unique && n < count; n++) {
        const answer = send('POST', '/auth/register', { username: name(n), password: password });
        if (answer.status !== 201 && answer.status !== 409) {
            throw new Error(`registering ${name(n)}: ${answer.status} ${answer.body}`);
        }
    }
    return unique ? count : 0;
}

// The same, and their passwords are verified before anything is measured: the server remembers that
// for a few minutes, and what is measured is not the first log-in of everybody at once.
export function warmUsers(count) {
    const registered = registerUsers(count);
    for (let n = 0; n < Math.max(1, registered); n++) {
        logIn(userOf(n, registered));
    }
    logIn(officer);
    return registered;
}

// The citizen of this virtual user, of `count` that were registered.
export function citizen(count) {
    return userOf(__VU - 1, count);
}
