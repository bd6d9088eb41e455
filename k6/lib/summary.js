// summary.js -- what a run ends with: a table on the screen, and the same as text and all figures as
// JSON in the folder RESULTS, if there is one (tools/k6 makes it).

function number(value) {
    return value === undefined ? '-' : value.toFixed(value < 100 ? 2 : 0);
}

const columns = ['avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'];

function cells(name, values) {
    return name.padEnd(58) + values.map((v) => number(v).padStart(10)).join('');
}

function head(title) {
    return title.padEnd(58) + columns.map((c) => c.padStart(10)).join('');
}

function trends(metrics) {
    return Object.keys(metrics).sort()
        .filter((name) => metrics[name].type === 'trend' && metrics[name].contains === 'time')
        .filter((name) => !/^(http_req_(?!duration)|iteration_|group_)/.test(name))
        .filter((name) => name !== 'http_req_duration') // failed requests are none of the measured answers
        .filter((name) => metrics[name].values.count > 0)
        .map((name) => cells(name, columns.map((c) => metrics[name].values[c])));
}

function counts(metrics) {
    const per = (name) => `${metrics[name].values.count} (${number(metrics[name].values.rate)}/s)`;
    const lines = ['iterations', 'http_reqs', 'dropped_iterations']
        .filter((name) => metrics[name]).map((name) => `${name.padEnd(20)} ${per(name)}`);
    for (const name of ['http_req_failed', 'checks']) {
        if (metrics[name]) {
            lines.push(`${name.padEnd(20)} ${number(100 * metrics[name].values.rate)} %`);
        }
    }
    return lines;
}

function thresholds(metrics) {
    const lines = [];
    for (const name of Object.keys(metrics).sort()) {
        for (const [rule, result] of Object.entries(metrics[name].thresholds || {})) {
            const empty = metrics[name].type === 'trend' && metrics[name].values.count === 0;
            lines.push(`${empty ? 'EMPTY ' : result.ok ? 'kept  ' : 'BROKEN'}  ${name}  ${rule}`);
        }
    }
    return lines;
}

function failedChecks(group) {
    return group.checks.filter((c) => c.fails > 0).map((c) => `${c.name}: ${c.fails} of ${c.passes + c.fails} failed`)
        .concat(...group.groups.map(failedChecks));
}

// `published`: {title, rows: {metric: [avg, med, p90, p95, p99, max]}}, laid beside the run.
function asText(script, data, published) {
    const part = (title, lines) => (lines.length ? ['', title].concat(lines) : []);
    const seconds = number(data.state.testRunDurationMs / 1000);
    return [`k6/${script}.js, ${seconds} s, ${new Date().toISOString()}`].concat(
        part(head('measured, ms'), trends(data.metrics)),
        published ? part(head(published.title), Object.keys(published.rows)
            .map((name) => cells(name, published.rows[name]))) : [],
        part('counts', counts(data.metrics)),
        part('thresholds (EMPTY: there was no answer to measure)', thresholds(data.metrics)),
        part('failed checks', failedChecks(data.root_group))).join('\n') + '\n';
}

// For `export const handleSummary = summary('name')`.
export function summary(script, more = {}) {
    return (data) => {
        const text = asText(script, data, more.published) + (more.closing ? more.closing(data) : '');
        const stamp = new Date().toISOString().replace(/[-:]/g, '').slice(0, 15);
        const out = { stdout: `\n${text}` };
        if (__ENV.RESULTS) {
            out[`${__ENV.RESULTS}/${script}-${stamp}.txt`] = text;
            out[`${__ENV.RESULTS}/${script}-${stamp}.json`] = JSON.stringify(data, null, 1);
        }
        return out;
    };
}
