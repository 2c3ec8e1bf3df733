// When connecting is worth it: the pool's rule in virtual time, beside never connecting and connecting everything at once.
import { connectingAtOnce, demands, simulate, withoutConnecting } from './sim/demand.ts'
import { reportFigures, type FigureRow } from './support/figures.ts'

const rows: FigureRow[] = []
for (const demand of demands) {
  const { makespan, created, total, p99 } = await simulate(demand)
  const figures = [makespan, withoutConnecting(demand), connectingAtOnce(demand), created, total, p99]
  rows.push({ name: demand.name, figures })
}
reportFigures({
  name: 'sizing',
  title: 'When it connects',
  about:
    'The rule of maxConcurrentConnects: auto in virtual time, on 5 idle connections of at most 50, where a connect takes 150 ms unless ' +
    'the row says otherwise.',
  columns: [
    { name: 'makespan', unit: 'ms' },
    { name: 'never connecting', unit: 'ms' },
    { name: 'all at once', unit: 'ms' },
    { name: 'connects' },
    { name: 'in the end' },
    { name: 'p99 wait', unit: 'ms' },
  ],
  rows,
})
