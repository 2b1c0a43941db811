/** TABLE: the tests that concern a file of src/crypto, the quick and decisive ones first. */
const tests = (...names) => names.map((name) => `test/crypto/${name}.test.ts`)
const both = (name, list) =>
  Object.fromEntries(['node', 'portable'].map((side) => [`src/crypto/${side}/${name}.ts`, list]))
const each = (names, list) =>
  Object.fromEntries(names.map((name) => [`src/crypto/${name}.ts`, list]))

export const CRYPTO_NEAR = {
  ...each(['der'], tests('der')),
  ...each(['emsa'], tests('emsa')),
  ...each(['keys', 'parameter-sets'], tests('keys')),
  ...each(['import-key'], tests('import-key')),
  ...each(['pairwise'], tests('pairwise')),
  ...each(['limbs'], tests('limbs')),
  ...each(['nonces'], tests('nonces', 'ec')),
  ...each(['md5'], tests('md5')),
  ...each(['xaes', 'node/suite', 'portable/suite'], tests('suite')),
  ...each(['node/aes', 'node/hash'], tests('node-symmetric', 'refusals')),
  ...each(['prime'], tests('prime')),
  ...each(['pool', 'gate', 'context'], tests('pool')),
  ...each(['self-test', 'known-answers'], tests('self-test')),
  ...each(['curves', 'ecdsa', 'eddsa', 'scalar'], tests('ecdsa', 'ec', 'eddsa')),
  ...each(['lattices', 'lattice-pairs', 'ml-dsa', 'ml-kem', 'lattice-families'], tests('lattice')),
  ...each(['portable/aes', 'portable/hash'], tests('vectors', 'refusals')),
  ...both('ec', tests('ec')),
  ...both('ecdsa', tests('ecdsa', 'ec', 'vectors')),
  ...both('okp', tests('ec', 'eddsa')),
  ...each(['node/rsa'], tests('rsa')),
  ...each(['portable/rsa'], tests('rsa', 'portable')),
  ...both('pairs', tests('ec', 'rsa', 'lattice', 'refusals', 'cross')),
  ...both('hold', tests('lattice')),
  ...both('random', tests('pool', 'vectors')),
  ...both('index', tests('pool', 'portable', 'refusals', 'self-test')),
  ...each(['openssl-keys'], tests('eddsa', 'ec')),
  ...each(['provider'], tests('refusals', 'vectors')),
}
