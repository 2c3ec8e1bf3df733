import { InitialContext } from 'wellhead'

/** What the whole application shares. Nothing connects before the first call. */
export const context = InitialContext.fromObject({
  dataSources: { 'jdbc/shop': { url: { env: 'SHOP_URL', default: 'postgres://db.example/shop' } } },
})
