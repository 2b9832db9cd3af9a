-- Path and query parameters as they arrive, text in a JSON object, read strictly:
-- what is wrong is said about the parameter it is wrong in. Only api functions call these, with
-- their rights and their search path: a SET of their own would cost more than what they do.

CREATE OR REPLACE FUNCTION api.arg_id(args jsonb, name text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF coalesce(args ->> name, '') !~ '^[1-9][0-9]{0,17}$' THEN
		RAISE EXCEPTION 'There is no such object, or you were not given access to it.' USING ERRCODE = 'SP404';
	END IF;
	RETURN (args ->> name)::bigint;
END $$;

CREATE OR REPLACE FUNCTION api.arg_int(args jsonb, name text, fallback bigint, lo bigint, hi bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE t text := nullif(args ->> name, '');
BEGIN
	IF t IS NULL THEN
		RETURN fallback;
	END IF;
	IF t !~ '^[0-9]{1,18}$' OR t::bigint NOT BETWEEN lo AND hi THEN
		RAISE EXCEPTION '% must be a whole number from % to %.', name, lo, hi USING ERRCODE = 'SP422', HINT = name;
	END IF;
	RETURN t::bigint;
END $$;

CREATE OR REPLACE FUNCTION api.arg_text(args jsonb, name text, longest int) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF length(args ->> name) > longest THEN
		RAISE EXCEPTION '% may have at most % characters.', name, longest USING ERRCODE = 'SP422', HINT = name;
	END IF;
	RETURN nullif(btrim(args ->> name), '');
END $$;

CREATE OR REPLACE FUNCTION api.arg_word(args jsonb, name text, fallback text, words text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE t text := coalesce(nullif(args ->> name, ''), fallback);
BEGIN
	IF t <> ALL (words) THEN
		RAISE EXCEPTION '% must be one of %.', name, array_to_string(words, ', ') USING ERRCODE = 'SP422', HINT = name;
	END IF;
	RETURN t;
END $$;

-- Several words with commas between them; NULL when there are none.
CREATE OR REPLACE FUNCTION api.arg_words(args jsonb, name text, words text[]) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE t text[] := string_to_array(nullif(args ->> name, ''), ',');
BEGIN
	IF NOT t <@ words THEN
		RAISE EXCEPTION '% must be one of %.', name, array_to_string(words, ', ') USING ERRCODE = 'SP422', HINT = name;
	END IF;
	RETURN t;
END $$;

-- What every list answers. @total is said exactly up to 1,000.
CREATE OR REPLACE FUNCTION api.list_json(items json, total bigint, page bigint, size bigint, counts json) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
	SELECT json_build_object('items', coalesce(items, '[]'), 'total', least(total, 1000), 'total_capped', total > 1000,
		'page', page, 'size', size, 'counts', coalesce(counts, '{}'))
$$;

-- The same for items that are text already: objects with commas between them.
CREATE OR REPLACE FUNCTION api.list_text(items text, total bigint, page bigint, size bigint, counts json) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN concat('{"items":[', items, '],"total":', least(total, 1000), ',"total_capped":', to_json(total > 1000),
		',"page":', page, ',"size":', size, ',"counts":', coalesce(counts, '{}'), '}');
END $$;
