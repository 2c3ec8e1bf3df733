/** What the translated texts lean on, in each database: T-SQL's ways with types, decided by PostgreSQL's overloading. */
export const bootstrap = `
CREATE SCHEMA dbo;
CREATE SCHEMA tds;
CREATE DOMAIN tds.bit AS smallint CONSTRAINT tds_range_bit CHECK (VALUE IN (0, 1));
CREATE DOMAIN tds.tinyint AS smallint CONSTRAINT tds_range_tinyint CHECK (VALUE BETWEEN 0 AND 255);
CREATE TABLE tds.options (allows_snapshot boolean NOT NULL);
INSERT INTO tds.options VALUES (true);
CREATE VIEW tds.databases AS SELECT CAST(current_database() AS text) AS name,
  CAST(CASE WHEN allows_snapshot THEN 1 ELSE 0 END AS smallint) AS snapshot_isolation_state FROM tds.options;
CREATE OPERATOR dbo.+ (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_catalog.textcat);

CREATE FUNCTION tds.refuse(what text) RETURNS text LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION '%', what USING ERRCODE = 'TD404'; END$$;

-- CAST to a whole number cuts what is behind the point.
CREATE FUNCTION tds.whole(smallint) RETURNS smallint LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION tds.whole(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION tds.whole(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION tds.whole(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT trunc($1)';
CREATE FUNCTION tds.whole(double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS 'SELECT trunc($1)';
CREATE FUNCTION tds.whole(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';

CREATE FUNCTION tds.to_bit(integer) RETURNS tds.bit LANGUAGE sql IMMUTABLE AS
  'SELECT CAST(CASE WHEN $1 = 0 THEN 0 WHEN $1 <> 0 THEN 1 END AS smallint)';
CREATE FUNCTION tds.to_bit(numeric) RETURNS tds.bit LANGUAGE sql IMMUTABLE AS
  'SELECT CAST(CASE WHEN $1 = 0 THEN 0 WHEN $1 <> 0 THEN 1 END AS smallint)';
CREATE FUNCTION tds.to_bit(double precision) RETURNS tds.bit LANGUAGE sql IMMUTABLE AS
  'SELECT CAST(CASE WHEN $1 = 0 THEN 0 WHEN $1 <> 0 THEN 1 END AS smallint)';
CREATE FUNCTION tds.to_bit(text) RETURNS tds.bit LANGUAGE sql IMMUTABLE AS
  'SELECT CAST(CASE lower($1) WHEN ''true'' THEN 1 WHEN ''false'' THEN 0 ELSE abs(sign(CAST($1 AS bigint))) END AS smallint)';

CREATE FUNCTION tds.to_text(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION tds.to_text(bigint) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT CAST($1 AS text)';
CREATE FUNCTION tds.to_text(integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT CAST($1 AS text)';
CREATE FUNCTION tds.to_text(smallint) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT CAST($1 AS text)';
CREATE FUNCTION tds.to_text(numeric) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT CAST($1 AS text)';
CREATE FUNCTION tds.to_text(double precision) RETURNS text LANGUAGE sql AS
  'SELECT tds.refuse(''how SQL Server writes a FLOAT as text'')';
CREATE FUNCTION tds.to_text(date) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT CAST($1 AS text)';
CREATE FUNCTION tds.to_text(timestamp) RETURNS text LANGUAGE sql AS
  'SELECT to_char($1, ''YYYY-MM-DD HH24:MI:SS.US'') || ''0''';
CREATE FUNCTION tds.to_text(timestamptz) RETURNS text LANGUAGE sql AS
  'SELECT to_char($1, ''YYYY-MM-DD HH24:MI:SS.US'') || ''0 +00:00''';
CREATE FUNCTION tds.to_text(time) RETURNS text LANGUAGE sql AS
  'SELECT to_char($1, ''HH24:MI:SS.US'') || ''0''';
CREATE FUNCTION tds.to_text(uuid) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(CAST($1 AS text))';

CREATE FUNCTION tds.utf16(text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(string_agg(
    CASE WHEN code < 65536
      THEN set_byte(set_byte('\\x0000', 0, code & 255), 1, code >> 8)
      ELSE set_byte(set_byte(set_byte(set_byte('\\x00000000',
        0, (55296 + ((code - 65536) >> 10)) & 255), 1, (55296 + ((code - 65536) >> 10)) >> 8),
        2, (56320 + ((code - 65536) & 1023)) & 255), 3, (56320 + ((code - 65536) & 1023)) >> 8)
    END, ''::bytea ORDER BY place), ''::bytea)
  FROM (SELECT ascii(c) AS code, place FROM unnest(string_to_array($1, NULL)) WITH ORDINALITY AS t(c, place)) AS codes
$$;
CREATE FUNCTION tds.to_binary(bytea, boolean) RETURNS bytea LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION tds.to_binary(text, boolean) RETURNS bytea LANGUAGE sql IMMUTABLE AS
  'SELECT CASE WHEN $1 IS NULL THEN NULL WHEN $2 THEN tds.utf16($1) ELSE convert_to($1, ''WIN1252'') END';
CREATE FUNCTION tds.to_binary(integer, boolean) RETURNS bytea LANGUAGE sql IMMUTABLE AS 'SELECT int4send($1)';
CREATE FUNCTION tds.to_binary(bigint, boolean) RETURNS bytea LANGUAGE sql IMMUTABLE AS 'SELECT int8send($1)';
CREATE FUNCTION tds.sized(bytea, integer, padded boolean) RETURNS bytea LANGUAGE sql IMMUTABLE AS
  'SELECT substring($1 FROM 1 FOR $2) || CASE WHEN $3 AND octet_length($1) < $2
    THEN decode(repeat(''00'', $2 - octet_length($1)), ''hex'') ELSE ''''::bytea END';

-- The cluster's own collation may know ASCII only.
DO $$
DECLARE ways text := (SELECT ' COLLATE "und-x-icu"' FROM pg_collation WHERE collname = 'und-x-icu' LIMIT 1);
BEGIN
  EXECUTE format('CREATE FUNCTION tds.upper(text) RETURNS text LANGUAGE sql IMMUTABLE AS %L', 'SELECT upper($1' || coalesce(ways, '') || ')');
  EXECUTE format('CREATE FUNCTION tds.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS %L', 'SELECT lower($1' || coalesce(ways, '') || ')');
END$$;

CREATE FUNCTION tds.left_of(text, integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT substring($1 FROM 1 FOR $2)';
CREATE FUNCTION tds.right_of(text, integer) RETURNS text LANGUAGE sql IMMUTABLE AS
  'SELECT substring($1 FROM greatest(char_length($1) - $2, 0) + 1)';
CREATE FUNCTION tds.data_length(text) RETURNS integer LANGUAGE sql AS
  'SELECT CAST(tds.refuse(''DATALENGTH of a text, which needs its type'') AS integer)';
CREATE FUNCTION tds.data_length(bytea) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT octet_length($1)';

-- [a-z] is a set of characters in a pattern of T-SQL; a backslash is nothing special.
CREATE FUNCTION tds.pattern(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$BEGIN
  IF position('[' IN $1) > 0 THEN PERFORM tds.refuse('sets of characters in LIKE'); END IF;
  RETURN $1;
END$$;

CREATE FUNCTION tds.identity() RETURNS numeric LANGUAGE plpgsql AS
$$BEGIN RETURN lastval(); EXCEPTION WHEN object_not_in_prerequisite_state THEN RETURN NULL; END$$;

CREATE FUNCTION tds.refuse_sum(numeric, numeric) RETURNS numeric LANGUAGE sql AS
  'SELECT CAST(tds.refuse(''how many places the AVG of a DECIMAL has'') AS numeric)';

-- Sums keep the type: that of INT is INT, and overflows as one.
CREATE FUNCTION tds.sum_int(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
  'SELECT CASE WHEN $1 IS NULL THEN $2 WHEN $2 IS NULL THEN $1 ELSE $1 + $2 END';
CREATE AGGREGATE tds.sum(integer) (SFUNC = tds.sum_int, STYPE = integer);
CREATE FUNCTION tds.sum_small(integer, smallint) RETURNS integer LANGUAGE sql IMMUTABLE AS
  'SELECT CASE WHEN $1 IS NULL THEN $2 WHEN $2 IS NULL THEN $1 ELSE $1 + $2 END';
CREATE AGGREGATE tds.sum(smallint) (SFUNC = tds.sum_small, STYPE = integer);
CREATE FUNCTION tds.sum_big(bigint, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  'SELECT CASE WHEN $1 IS NULL THEN $2 WHEN $2 IS NULL THEN $1 ELSE $1 + $2 END';
CREATE AGGREGATE tds.sum(bigint) (SFUNC = tds.sum_big, STYPE = bigint);
CREATE FUNCTION tds.sum_numeric(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS
  'SELECT CASE WHEN $1 IS NULL THEN $2 WHEN $2 IS NULL THEN $1 ELSE $1 + $2 END';
CREATE AGGREGATE tds.sum(numeric) (SFUNC = tds.sum_numeric, STYPE = numeric);
CREATE FUNCTION tds.sum_float(double precision, double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS
  'SELECT CASE WHEN $1 IS NULL THEN $2 WHEN $2 IS NULL THEN $1 ELSE $1 + $2 END';
CREATE AGGREGATE tds.sum(double precision) (SFUNC = tds.sum_float, STYPE = double precision);
CREATE FUNCTION tds.avg_int(bigint[], integer) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS
  'SELECT CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + $2, $1[2] + 1] END';
CREATE FUNCTION tds.avg_int_end(bigint[]) RETURNS integer LANGUAGE sql IMMUTABLE AS
  'SELECT CAST($1[1] / nullif($1[2], 0) AS integer)';
CREATE AGGREGATE tds.avg(integer) (SFUNC = tds.avg_int, STYPE = bigint[], INITCOND = '{0,0}', FINALFUNC = tds.avg_int_end);
CREATE FUNCTION tds.avg_float(double precision[], double precision) RETURNS double precision[] LANGUAGE sql IMMUTABLE AS
  'SELECT CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + $2, $1[2] + 1] END';
CREATE FUNCTION tds.avg_float_end(double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE AS
  'SELECT $1[1] / nullif($1[2], 0)';
CREATE AGGREGATE tds.avg(double precision)
  (SFUNC = tds.avg_float, STYPE = double precision[], INITCOND = '{0,0}', FINALFUNC = tds.avg_float_end);
-- How many places it has depends on the declaration, which is not known here.
CREATE AGGREGATE tds.avg(numeric) (SFUNC = tds.refuse_sum, STYPE = numeric);

-- What is inserted or set may be a text, as SQL Server converts it.
CREATE CAST (text AS smallint) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS integer) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS bigint) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS numeric) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS real) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS double precision) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS date) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS time) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS timestamp) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS timestamptz) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS uuid) WITH INOUT AS ASSIGNMENT;
`
