/**
 * Runs seeds over a built tree until one fails: node simulation-child.mjs TREE FIRST LAST. Prints the
 * seed and what was wrong, or that nothing was.
 */
const [tree, first, last] = process.argv.slice(2)
const { simulate } = await import(`${tree}/src/testing/index.js`)
for (let seed = Number(first); seed <= Number(last); seed++) {
  try {
    await simulate(seed)
  } catch (error) {
    console.log(JSON.stringify({ seed, name: error.name, what: error.message.split('\n')[0] }))
    process.exit(0)
  }
}
console.log(JSON.stringify({ what: 'nothing' }))
