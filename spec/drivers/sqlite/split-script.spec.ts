import { describe, expect, it } from 'vitest'
import { splitScript } from '../../../drivers/sqlite/split-script.ts'

describe('A script is divided', () => {
  it.each<[script: string, statements: string[]]>([
    ['', []],
    [' ; ;; -- nothing\n;', []],
    ['SELECT 1', ['SELECT 1']],
    ['SELECT 1;SELECT 2;', ['SELECT 1;', 'SELECT 2;']],
    [
      'SELECT \';\'; SELECT "a;b"; SELECT `;`; SELECT [;]',
      ["SELECT ';';", ' SELECT "a;b";', ' SELECT `;`;', ' SELECT [;]'],
    ],
    ["SELECT 'it''s;'; SELECT 2", ["SELECT 'it''s;';", ' SELECT 2']],
    ['SELECT 1 /* ; */; SELECT 2 -- ;\n', ['SELECT 1 /* ; */;', ' SELECT 2 -- ;\n']],
    ['SELECT 1; /* open ;', ['SELECT 1;']],
    ["SELECT 'open ;", ["SELECT 'open ;"]],
    [
      'CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END; SELECT 2',
      [
        'CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END;',
        ' SELECT 2',
      ],
    ],
    [
      'create temp trigger a after insert on t begin select 1; end; SELECT 2',
      ['create temp trigger a after insert on t begin select 1; end;', ' SELECT 2'],
    ],
    [
      'EXPLAIN CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END;',
      ['EXPLAIN CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END;'],
    ],
    ['CREATE TABLE trigger_log (id); SELECT 1', ['CREATE TABLE trigger_log (id);', ' SELECT 1']],
    ['BEGIN; COMMIT; END;', ['BEGIN;', ' COMMIT;', ' END;']],
  ])('%j', (script, statements) => {
    expect(splitScript(script)).toEqual(statements)
  })
})
