import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { CertificateAuthority, type Certificate } from './certificates.ts'

const authority = new CertificateAuthority()

describe('certificates', () => {
  it('are read as meant', () => {
    const ca = new X509Certificate(authority.ca)
    const server = new X509Certificate(authority.issue({ hosts: ['localhost', '127.0.0.1', '::1'] }).cert)
    expect([ca.ca, server.ca]).toEqual([true, false])
    expect(ca.subject).toBe('CN=Wellhead specs')
    expect(server.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
    expect(server.checkIssued(ca)).toBe(true)
    expect(server.verify(ca.publicKey)).toBe(true)
    expect(Date.parse(server.validTo)).toBeGreaterThan(Date.now())
  })

  it('are accepted by a client that trusts their authority', async () => {
    const good = authority.issue({ hosts: ['localhost', '127.0.0.1'] })
    expect(await handshake(good, authority.ca, 'localhost')).toBe('accepted')
    expect(await handshake(good, authority.ca, '127.0.0.1')).toBe('accepted')
  })

  it('are refused for another host, another authority, and past their end', async () => {
    const elsewhere = authority.issue({ hosts: ['elsewhere.test'] })
    expect(await handshake(elsewhere, authority.ca, 'localhost')).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    const good = authority.issue({ hosts: ['localhost'] })
    expect(await handshake(good, new CertificateAuthority('Other').ca, 'localhost')).toMatch(/UNABLE_TO_/)
    const ended = authority.issue({ hosts: ['localhost'], days: -1 })
    expect(await handshake(ended, authority.ca, 'localhost')).toBe('CERT_HAS_EXPIRED')
  })
})

/** 'accepted', or the code of the client's error. */
async function handshake({ cert, key }: Certificate, ca: string, host: string): Promise<string> {
  const server = createServer({ cert, key }).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ port, ca, host })
  try {
    await once(client, 'secureConnect')
    return 'accepted'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  } finally {
    client.destroy()
    server.close()
  }
}
