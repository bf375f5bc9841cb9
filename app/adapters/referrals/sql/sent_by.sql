-- Whether the agency sent the message, by itself or as the caller who keyed it in.
CREATE OR REPLACE FUNCTION sent_by(m message, p_agency text) RETURNS boolean
LANGUAGE sql IMMUTABLE
    RETURN coalesce(m.caller_agency = p_agency, false) OR coalesce(m.from_agency = p_agency, false);
-- Called by other functions only.
REVOKE ALL ON FUNCTION sent_by(message, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
