import type { InitialContext } from 'wellhead'

interface Entry {
  readonly organisation: string
  readonly street: string
  readonly house_number: string
  readonly postcode: string
}

/** An HTML page that asks for its data by name, as <sql:query dataSource="jdbc/address"> did in a JSP. */
export async function townPage(context: InitialContext, town: string): Promise<string> {
  const { rows } = await context.query<Entry>(
    'jdbc/address',
    'SELECT organisation, street, house_number, postcode FROM address WHERE town = ? ORDER BY id LIMIT 20',
    [town],
    { timeout: '5s' },
  )
  const lines = rows.map(
    ({ organisation, street, house_number, postcode }) =>
      `<tr><td>${escape(organisation)}<td>${escape(`${street} ${house_number}`)}<td>${escape(postcode)}`,
  )
  return `<!doctype html>
<meta charset="utf-8">
<title>${escape(town)}</title>
<h1>${escape(town)}</h1>
<table>
${lines.join('\n')}
</table>
`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!)
}
