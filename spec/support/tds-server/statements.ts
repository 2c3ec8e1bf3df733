import type { OutputColumn } from './queries.ts'
import type { TdsType } from './types.ts'

// What a batch consists of, ready to run: the text of PostgreSQL where it is one, else what the session does.

interface Placed {
  readonly line: number
}

/** A text of PostgreSQL, in which slots stand for values. */
export interface QueryStatement extends Placed {
  readonly kind: 'query'
  readonly sql: string
  readonly verb: 'select' | 'insert' | 'update' | 'delete' | 'other'
  /** What it answers with; undefined: no rows. */
  readonly columns: readonly OutputColumn[] | undefined
  readonly order: readonly number[]
}

export interface TableColumn {
  readonly name: string
  readonly type: TdsType
  readonly isIdentity: boolean
}

export interface DefinitionStatement extends Placed {
  readonly kind: 'definition'
  readonly sql: string
  /** A table that is made, or to which columns are added. */
  readonly table?: { readonly name: string; readonly columns: readonly TableColumn[] }
  /** A temporary one, which ends with its procedure. */
  readonly temporary?: string
}

export type IsolationLevel =
  'read uncommitted' | 'read committed' | 'repeatable read' | 'snapshot' | 'serializable'

export interface SettingStatement extends Placed {
  readonly kind: 'setting'
  readonly setting:
    | { readonly name: 'isolation'; readonly value: IsolationLevel }
    | { readonly name: 'lock timeout'; readonly value: number }
    | { readonly name: 'xact_abort' | 'nocount' | 'implicit_transactions'; readonly value: boolean }
    | { readonly name: 'accepted' }
}

export interface TransactionStatement extends Placed {
  readonly kind: 'transaction'
  readonly action: 'begin' | 'commit' | 'rollback' | 'save'
  readonly name: string
}

export type Statement =
  | QueryStatement
  | DefinitionStatement
  | SettingStatement
  | TransactionStatement
  | (Placed & { readonly kind: 'wait'; readonly sql: string })
  | (Placed & { readonly kind: 'kill'; readonly spid: number })
  | (Placed & { readonly kind: 'use'; readonly database: string })
  | (Placed & { readonly kind: 'print'; readonly sql: string })
  | (Placed & {
      readonly kind: 'raise'
      readonly number: number
      readonly text: string
      readonly severity: string
      readonly state: string
      readonly values: readonly string[]
      readonly isThrown: boolean
    })
  | (Placed & { readonly kind: 'assign'; readonly variable: string; readonly sql: string | undefined })
  | (Placed & {
      readonly kind: 'if'
      readonly condition: string
      readonly yes: readonly Statement[]
      readonly no: readonly Statement[]
    })
  | (Placed & { readonly kind: 'return' })
  /** The rows come in the next message. */
  | (Placed & { readonly kind: 'bulk'; readonly table: string })
  | (Placed & {
      readonly kind: 'execute'
      /** Empty: the first argument is a batch. */
      readonly procedure: string
      readonly given: readonly GivenArgument[]
    })

export interface GivenArgument {
  /** Empty, it goes by its place. */
  readonly name: string
  readonly sql: string
  readonly type: TdsType
}

/** A batch, and the variables that it has in the end. */
export interface Batch {
  readonly statements: readonly Statement[]
  readonly variables: ReadonlyMap<string, TdsType>
}
