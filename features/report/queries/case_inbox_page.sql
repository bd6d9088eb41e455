-- case_inbox_page.sql -- a page of one agency's inbox without filters, in each order.
-- A branch whose $7 is not as it wants costs nothing: the plan is made for the values at hand.
(SELECT report_id, 0::bigint AS key1, position AS key2, NULL::json AS counts
   FROM case_inbox.case_inbox
  WHERE coalesce($5::text, $6::text, $8::text, $9::text, $10::text, $11::text, $12::text, $13::text, $14::text) IS NULL -- and their types
    AND $7 = 'newest' AND owner_agency = $4::text AND position < $3::bigint
  ORDER BY position DESC LIMIT $1::int)
UNION ALL
(SELECT report_id, 0, 9223372036854775807 - position, NULL
   FROM case_inbox.case_inbox
  WHERE $7 = 'oldest' AND owner_agency = $4::text AND position > 9223372036854775807 - $3::bigint
  ORDER BY position LIMIT $1::int)
UNION ALL
(SELECT report_id, priority_rank, position, NULL
   FROM case_inbox.case_inbox
  WHERE $7 = 'priority' AND owner_agency = $4::text AND position IS NOT NULL
    AND (priority_rank, position) < ($2::bigint, $3::bigint)
  ORDER BY priority_rank DESC, position DESC LIMIT $1::int)
UNION ALL
(SELECT report_id, (extract(epoch FROM touched_at) * 1000000)::bigint, position, NULL
   FROM case_inbox.case_inbox
  WHERE $7 = 'touched' AND owner_agency = $4::text AND position IS NOT NULL
    AND (touched_at, position) <
        (timestamptz 'epoch' + least($2::bigint, 9000000000000000) * interval '1 microsecond', $3::bigint)
  ORDER BY touched_at DESC, position DESC LIMIT $1::int)
