-- notification_heard.sql -- the lines that are told to who asks: for a page of the list, and to count those that
-- they have not read. $1, $8, $9 as there; who asks: $2 user, $3 pseudonym, $4 role, $5 agency; $6 position.
WITH reader AS (
    SELECT coalesce(min(begins), 0) AS begins, coalesce(min(read_to), 0) AS read_to
      FROM notification_list.notification_readers WHERE user_id = $2
), request AS (
    SELECT 'page' AS asked, $6::bigint AS below, 0::bigint AS above, $1::int AS most, $8::boolean AS unread, $9::text AS kind
    UNION ALL
    SELECT 'count', 9223372036854775807, read_to, 1001, true, NULL FROM reader
), heard_report AS (
    SELECT mine.*, who.sight
      FROM (SELECT report_id, 0::bigint AS begins, 9223372036854775807 AS ends, true AS own
              FROM notification_list.notification_authors WHERE author IN ($2, $3)
             UNION ALL
            SELECT report_id, begins, coalesce(ends, 9223372036854775807), false
              FROM notification_list.notification_follows f
             WHERE follower IN ($2, $3) AND NOT EXISTS (
                   SELECT FROM notification_list.notification_authors a
                    WHERE a.author IN ($2, $3) AND a.report_id = f.report_id)) mine
      JOIN report_detail.report_detail r USING (report_id)
     CROSS JOIN LATERAL (SELECT
-- :fragment report_sight
           AS sight) who
     WHERE r.position IS NOT NULL AND who.sight IS NOT NULL
)
SELECT request.asked, line.*, h.own, true AS sees
  FROM request CROSS JOIN reader CROSS JOIN heard_report h CROSS JOIN LATERAL (
       SELECT n.*, done.read
         FROM notification_list.notifications n CROSS JOIN LATERAL (SELECT n.position <= reader.read_to OR EXISTS (
                  SELECT FROM notification_list.notification_reads d WHERE d.reader IN ($2, $3) AND d.id = n.id) AS read) done
        WHERE n.audience = 'people' AND n.report_id = h.report_id AND (h.sight = 'ALL' OR NOT n.whole)
          AND n.position > greatest(request.above, h.begins) AND n.position < least(request.below, h.ends)
          AND (request.kind IS NULL OR n.kind = request.kind) AND (request.unread IS NULL OR request.unread <> done.read)
        ORDER BY n.position DESC LIMIT request.most) line
 UNION ALL
SELECT request.asked, line.*
  FROM request CROSS JOIN reader CROSS JOIN LATERAL (
       SELECT n.*, done.read, false AS own, coalesce(who.sight = 'ALL', false) AS sees
         FROM notification_list.notifications n CROSS JOIN LATERAL (SELECT n.position <= reader.read_to OR EXISTS (
                  SELECT FROM notification_list.notification_reads d WHERE d.reader IN ($2, $3) AND d.id = n.id) AS read) done
         LEFT JOIN report_detail.report_detail r ON r.report_id = n.report_id AND r.position IS NOT NULL
         LEFT JOIN LATERAL (SELECT
-- :fragment report_sight
              AS sight) who ON true
        WHERE n.audience <> 'people' AND n.agency = $5 AND $4 IN ('OFFICER', 'SUPERVISOR')
          AND CASE n.audience WHEN 'agency' THEN true WHEN 'assignee' THEN n.user_id = $2
                              WHEN 'officers' THEN $4 = 'OFFICER' WHEN 'supervisors' THEN $4 = 'SUPERVISOR' ELSE false END
          AND (who.sight = 'ALL' OR n.kind = 'escalated')
          AND n.position > greatest(request.above, reader.begins) AND n.position < request.below
          AND (request.kind IS NULL OR n.kind = request.kind) AND (request.unread IS NULL OR request.unread <> done.read)
        ORDER BY n.position DESC LIMIT request.most) line
 UNION ALL
SELECT request.asked, line.*
  FROM request CROSS JOIN reader CROSS JOIN LATERAL (
       SELECT n.*, done.read, false AS own, coalesce(who.sight = 'ALL', false) AS sees
         FROM notification_list.notifications n CROSS JOIN LATERAL (SELECT n.position <= reader.read_to OR EXISTS (
                  SELECT FROM notification_list.notification_reads d WHERE d.reader = $2 AND d.id = n.id) AS read) done
         LEFT JOIN agency_list.agency_list of ON of.code = n.agency
         LEFT JOIN report_detail.report_detail r ON r.report_id = n.report_id AND r.position IS NOT NULL
         LEFT JOIN LATERAL (SELECT
-- :fragment report_sight
              AS sight) who ON true
        WHERE n.audience = 'parent'
          AND CASE WHEN $4 = 'ADMIN' THEN of.parent IS NULL
                   ELSE $4 IN ('OFFICER', 'SUPERVISOR') AND of.parent = $5 END
          AND n.position > greatest(request.above, reader.begins) AND n.position < request.below
          AND (request.kind IS NULL OR n.kind = request.kind) AND (request.unread IS NULL OR request.unread <> done.read)
        ORDER BY n.position DESC LIMIT request.most) line
