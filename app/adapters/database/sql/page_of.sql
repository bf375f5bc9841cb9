-- A page of a list and the place where the next one starts, as the JSON that is answered.
CREATE OR REPLACE FUNCTION page_of(p_items jsonb[], p_next jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
    RETURN jsonb_build_object('items', to_jsonb(p_items), 'next', p_next)::text;
-- Called by other functions only.
REVOKE ALL ON FUNCTION page_of(jsonb[], jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
