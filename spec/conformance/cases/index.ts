import type { KitCase } from '../kit.ts'
import { dataSourceCases } from './data-source.ts'
import { handleCases } from './handles.ts'
import { pooledConnectionCases } from './pooled-connection.ts'
import { queueCases } from './queue.ts'
import { statementCases } from './statements.ts'
import { streamCases } from './streams.ts'
import { transactionCases } from './transactions.ts'

/** All rules of the kit. */
export const kitCases: readonly KitCase[] = [
  ...pooledConnectionCases,
  ...handleCases,
  ...transactionCases,
  ...statementCases,
  ...queueCases,
  ...streamCases,
  ...dataSourceCases,
]
