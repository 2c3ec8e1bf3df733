// 130 % of what can be served, for 30 seconds of virtual time: who is answered within 500 ms.
import { overload, overloaded } from './sim/overload.ts'
import { reportFigures, type FigureRow } from './support/figures.ts'

const queues = {
  fifo: { queue: 'fifo' },
  'fifo, connectionTimeout 500 ms': { queue: 'fifo', connectionTimeout: 500 },
  'fifo, maxWaiters 10': { queue: 'fifo', maxWaiters: 10 },
  codel: { queue: 'codel' },
}
const { connections, load, use, seconds, patience } = overload
const rows: FigureRow[] = []
for (const [name, settings] of Object.entries(queues)) {
  const { answered, late, refused, median, p99 } = await overloaded(overload, settings)
  rows.push({ name, figures: [100 * answered, 100 * late, 100 * refused, median, p99] })
}
reportFigures({
  name: 'overload',
  title: 'Overload: more is asked for than can be served',
  about:
    `${connections} connections, uses of ${use} ms in the mean, ${100 * load} % of what they can serve for ${seconds} s: nobody can answer ` +
    `more than ${(100 / load).toFixed(1)} %. In virtual time, so these are figures of the rule and not of a machine. Answers after ` +
    `${patience} ms are late.`,
  columns: [
    { name: 'in time', unit: '%', digits: 1 },
    { name: 'late', unit: '%', digits: 1 },
    { name: 'refused', unit: '%', digits: 1 },
    { name: 'median', unit: 'ms' },
    { name: 'p99', unit: 'ms' },
  ],
  rows,
  targets: [{ what: 'codel, answered in time, %', value: rows.at(-1)!.figures[0]!, atLeast: 75 }],
})
