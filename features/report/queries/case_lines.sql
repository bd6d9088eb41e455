-- case_lines.sql -- the newest lines of the history of the report $1; `place` 101 says that there are older ones.
SELECT row_number() OVER (ORDER BY newest.version DESC) AS place, newest.*
  FROM (SELECT version, type, old_status, new_status, note, at, facts FROM report_history.report_history
         WHERE report_id = $1::uuid ORDER BY version DESC LIMIT 101) newest
