// Lets a Node program that nobody changed use the proxy which HTTPS_PROXY and HTTP_PROXY name.
//
// NODE_USE_ENV_PROXY does that for fetch and for Node's own agents. The AWS SDK for JavaScript and others make
// agents of their own, which need it said; and Node before 22.21 and 24.5 knows no proxy in its agents at all.
'use strict'

const http = require('node:http')
const https = require('node:https')
const { syncBuiltinESMExports } = require('node:module')

const [major, minor] = process.versions.node.split('.').map(Number)
const agentsKnowProxies = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21)
const fetchKnowsProxies = major >= 24 || agentsKnowProxies
const proxy = process.env.HTTPS_PROXY && new URL(process.env.HTTPS_PROXY)
const direct = (process.env.NO_PROXY || '').split(',').filter(Boolean)

if (proxy && agentsKnowProxies) {
  for (const module of [http, https]) {
    const Agent = module.Agent
    module.Agent = class extends Agent {
      constructor(options) {
        super({ proxyEnv: process.env, ...options })
      }
    }
    Object.defineProperty(module.Agent, 'name', { value: 'Agent' })
  }
  syncBuiltinESMExports()
} else if (proxy) {
  tunnelAgents()
  if (!fetchKnowsProxies && globalThis.fetch) tunnelFetch()
}

// Opens a tunnel through the proxy, and calls back with an error or with a socket.
function tunnel(host, port, done) {
  const request = http.request({
    host: proxy.hostname,
    port: proxy.port,
    method: 'CONNECT',
    path: `${host}:${port}`,
    headers: { host: `${host}:${port}` },
    agent: false,
  })
  request.once('connect', (response, socket) => {
    if (response.statusCode === 200) return done(null, socket)
    socket.destroy()
    done(new Error(`the proxy refused ${host}:${port} with ${response.statusCode}`))
  })
  request.once('error', done)
  request.end()
}

function tunnelAgents() {
  const tls = require('node:tls')
  const createConnection = https.Agent.prototype.createConnection
  https.Agent.prototype.createConnection = function (options, done) {
    const host = options.host || options.hostname || 'localhost'
    if (direct.includes(host)) return createConnection.call(this, options, done)
    tunnel(host, options.port || 443, (error, socket) => {
      if (error) return done(error)
      done(null, tls.connect({ ...options, socket, servername: options.servername || host }))
    })
  }
}

function tunnelFetch() {
  const tls = require('node:tls')
  const known = Symbol.for('undici.globalDispatcher.1')
  fetch('data:,').catch(() => {}) // only then is there a dispatcher
  const Dispatcher = globalThis[known] && globalThis[known].constructor
  if (!Dispatcher) return
  globalThis[known] = new Dispatcher({
    connect({ hostname, port, protocol, servername }, done) {
      const secure = protocol === 'https:'
      const at = port || (secure ? 443 : 80)
      if (direct.includes(hostname)) {
        const socket = secure
          ? tls.connect({ host: hostname, port: at, servername: hostname })
          : require('node:net').connect({ host: hostname, port: at })
        socket.once(secure ? 'secureConnect' : 'connect', () => done(null, socket)).once('error', done)
        return
      }
      tunnel(hostname, at, (error, socket) => {
        if (error) return done(error)
        if (!secure) return done(null, socket)
        const wrapped = tls.connect({ socket, servername: servername || hostname })
        wrapped.once('secureConnect', () => done(null, wrapped)).once('error', done)
      })
    },
  })
}
