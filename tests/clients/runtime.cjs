// Asks for a URL in every way in which Node asks, with agents of its own and with Node's.
'use strict'
const https = require('node:https')

const url = process.argv[2]
const asks = {
  fetch: async () => (await fetch(url)).status,
  'fetch in plain HTTP': async () => (await fetch(url.replace('https:', 'http:'))).status,
  'the global agent': () => get(https.globalAgent),
  'an agent of its own': () => get(new https.Agent({ keepAlive: true })),
}

function get(agent) {
  return new Promise((resolve, reject) => {
    const request = https.get(url, { agent }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode))
    })
    request.on('error', reject)
  })
}

async function main() {
  const said = {}
  for (const [name, ask] of Object.entries(asks)) {
    said[name] = await ask().catch((error) => `${error.message} ${error.cause ?? ''}`)
  }
  console.log(JSON.stringify(said))
  process.exit(0)
}

main()
