/**
 * Known answers for the self-test, each from the standard that it names. Hex, or base64url where
 * the source has it.
 */

/**
 * RFC 7520 3.3, the public key of sections 4.1 and 4.2, and their message (header and payload of
 * each).
 */
export const RSA_VERIFY = {
  n:
    'n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZ' +
    'QHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oB' +
    'HqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVb' +
    'b9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHd' +
    'rNP5zw',
  e: 'AQAB',
  payload:
    'SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0' +
    'ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5v' +
    'IGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4',
  RS256: {
    header: 'eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9',
    signature:
      'MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996i' +
      'vp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1u' +
      'SNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAh' +
      'b6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18' +
      'kDquDg',
  },
  PS384: {
    header: 'eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9',
    signature:
      'cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqH' +
      'CdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn' +
      '442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0' +
      'n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-' +
      'X72Eaw',
  },
} as const

/**
 * RFC 7516 A.1.3: the recipient's key; A.1.2 and A.1.3: the content key and its RSA-OAEP (SHA-1)
 * encryption.
 */
export const RSA_OAEP = {
  n:
    'oahUIoWw0K0usKNuOR6H4wkf4oBUXHTxRvgb48E-BVvxkeDNjbC4he8rUWcJoZmds2h7M70imEVhRU5djINX' +
    'tqllXI4DFqcI1DgjT9LewND8MW2Krf3Spsk_ZkoFnilakGygTwpZ3uesH-PFABNIUYpOiN15dsQRkgr0vEhx' +
    'N92i2asbOenSZeyaxziK72UwxrrKoExv6kc5twXTq4h-QChLOln0_mtUZwfsRaMStPs6mS6XrgxnxbWhojf6' +
    '63tuEQueGC-FCMfra36C9knDFGzKsNa7LZK2djYgyD3JR_MB_4NUJW_TqOQtwHYbxevoJArm-L5StowjzGy-' +
    '_bq6Gw',
  e: 'AQAB',
  d:
    'kLdtIj6GbDks_ApCSTYQtelcNttlKiOyPzMrXHeI-yk1F7-kpDxY4-WY5NWV5KntaEeXS1j82E375xxhWMHX' +
    'yvjYecPT9fpwR_M9gV8n9Hrh2anTpTD93Dt62ypW3yDsJzBnTnrYu1iwWRgBKrEYY46qAZIrA2xAwnm2X7uG' +
    'R1hghkqDp0Vqj3kbSCz1XyfCs6_LehBwtxHIyh8Ripy40p24moOAbgxVw3rxT_vlt3UVe4WO3JkJOzlpUf-K' +
    'TVI2Ptgm-dARxTEtE-id-4OJr0h-K-VFs3VSndVTIznSxfyrj8ILL6MG_Uv8YAu7VILSB3lOW085-4qE3Dzg' +
    'rTjgyQ',
  p:
    '1r52Xk46c-LsfB5P442p7atdPUrxQSy4mti_tZI3Mgf2EuFVbUoDBvaRQ-SWxkbkmoEzL7JXroSBjSrK3YIQ' +
    'gYdMgyAEPTPjXv_hI2_1eTSPVZfzL0lffNn03IXqWF5MDFuoUYE0hzb2vhrlN_rKrbfDIwUbTrjjgieRbwC6' +
    'Cl0',
  q:
    'wLb35x7hmQWZsWJmB_vle87ihgZ19S8lBEROLIsZG4ayZVe9Hi9gDVCOBmUDdaDYVTSNx_8Fyw1YYa9XGrGn' +
    'Dew00J28cRUoeBB_jKI1oma0Orv1T9aXIWxKwd4gvxFImOWr3QRL9KEBRzk2RatUBnmDZJTIAfwTs0g68UZH' +
    'vtc',
  dp:
    'ZK-YwE7diUh0qR1tR7w8WHtolDx3MZ_OTowiFvgfeQ3SiresXjm9gZ5KLhMXvo-uz-KUJWDxS5pFQ_M0evdo' +
    '1dKiRTjVw_x4NyqyXPM5nULPkcpU827rnpZzAJKpdhWAgqrXGKAECQH0Xt4taznjnd_zVpAmZZq60WPMBMfK' +
    'cuE',
  dq:
    'Dq0gfgJ1DdFGXiLvQEZnuKEN0UUmsJBxkjydc3j4ZYdBiMRAy86x0vHCjywcMlYYg4yoC4YZa9hNVcsjqA3F' +
    'eiL19rk8g6Qn29Tt0cj8qqyFpz9vNDBUfCAiJVeESOjJDZPYHdHY8v1b-o-Z2X5tvLx-TCekf7oxyeKDUqKW' +
    'jis',
  qi:
    'VIMpMYbPf47dT1w_zDUXfPimsSegnMOA1zTaX7aGk_8urY6R8-ZW1FxU7AlWAyLWybqq6t16VFd7hQd0y6fl' +
    'UK4SlOydB61gwanOsXGOAOv82cHq0E3eL4HrtZkUuKvnPrMnsUUFlfUdybVzxyjz9JF_XyaY14ardLSjf4L_' +
    'FNY',
  ciphertext:
    'OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_etLbbWSrFr' +
    '05kLzcSr4qKAq7YN7e9jwQRb23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwa' +
    'm_lDp5XnZAYpQdb76FdIKLaVmqgfwX7XWRxv2322i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv' +
    '0je81860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6vFWXRcZ_ZT2LawVCWTIy3brGPi6UklfCpIMfIjf7iG' +
    'dXKHzg',
  plaintext: 'b1a1f480548fe1733fb403ff6b9ad4f68a076e5b702e22692f82cb2e7aea40fc',
} as const

/**
 * RFC 6979 A.2.5, P-256, SHA-256, message "sample". Its s lies in the upper half: there is no low-s
 * rule here.
 */
export const ECDSA_P256 = {
  point:
    '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6' +
    '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  signature:
    'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
    'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
} as const

/** RFC 5903 8.1: the initiator's pair, the responder's point, the shared x coordinate. */
export const ECDH_P256 = {
  scalar: 'c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433',
  point:
    '04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180' +
    '5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3',
  peer:
    '04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63' +
    '56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
  shared: 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de',
} as const

/** RFC 8032 7.1, TEST 3. */
export const ED25519 = {
  publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
  message: 'af82',
  signature:
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
    '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
} as const

/** C2SP XAES-256-GCM, second vector (MSB of L set); the commitment is our KDF blocks 3 and 4. */
export const XAES = {
  key: '0303030303030303030303030303030303030303030303030303030303030303',
  nonce: '4142434445464748494a4b4c4d4e4f505152535455565758',
  commitment: '6eeed565f0c9d2332b86a5141da7a2458828269731bf51d3c539d6fe28f7fdda',
  ciphertext: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
} as const

/**
 * McGrew and Viega, The Galois/Counter Mode of Operation, test case 16 (AES-256, 60 bytes, 20 bytes
 * of AAD).
 */
export const GCM = {
  key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
  iv: 'cafebabefacedbaddecaf888',
  aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
  plaintext:
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
    '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  ciphertext:
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
    '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
  tag: '76fc6ece0f4e1768cddf8853bb2d551b',
} as const

/** SP 800-38A F.2.5 (CBC-AES256), first block. */
export const CBC = {
  key: '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
  iv: '000102030405060708090a0b0c0d0e0f',
  plaintext: '6bc1bee22e409f96e93d7e117393172a',
  ciphertext: 'f58c4c04d6e5f1ba779eabfb5f7bfbd6',
} as const

/** RFC 3394 4.6 and RFC 5649 section 6 (7 bytes). */
export const KW = {
  key: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
  material: '00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f',
  wrapped: '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
} as const
export const KWP = {
  key: '5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8',
  material: '466f7250617369',
  wrapped: 'afbeb0f07dfbf5419200f2ccb50bb24f',
} as const

/** FIPS 180-4 (the examples published with it): "abc". */
export const DIGESTS = {
  SHA_1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
  SHA_224: '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7',
  SHA_256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  SHA_384:
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed' +
    '8086072ba1e7cc2358baeca134c825a7',
  SHA_512:
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
    '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
} as const

/** RFC 4231 4.3: key "Jefe". */
export const MACS = {
  SHA_224: 'a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44',
  SHA_256: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  SHA_384:
    'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e' +
    '8e2240ca5e69e2c78b3239ecfab21649',
  SHA_512:
    '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554' +
    '9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
} as const

/** RFC 5869 A.1. */
export const HKDF = {
  input: '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
  salt: '000102030405060708090a0b0c',
  info: 'f0f1f2f3f4f5f6f7f8f9',
  output: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
} as const

/** RFC 7914 section 12, first vector (empty passphrase and salt, N 16, r 1, p 1). */
export const SCRYPT =
  '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442' +
  'fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906'

/**
 * C2SP Wycheproof mldsa_44, mldsa_65 and mldsa_87_sign_seed_test.json, test 1 of the first group: the
 * SHA3-256 of what is written out there; `verdicts` are two bytes 1 (accepts, refuses).
 */
const VERDICTS = '67fa4ec4298250d647347e08904872c68542caf1ac4f1723b2206835c63ea013'
export const ML_DSA = {
  seed: '2a'.repeat(32),
  message: 'Hello world',
  ML_DSA_44: {
    publicKey: '7057f85874b86116b09efeba000ce1d8b0f10d2f2c1d44af94bde90f53faae0c',
    signature: '9f32d77c980e66114a452e6e8f3e1a41f0a8a2564bd3a786940e6a59c4e3aa2d',
    verdicts: VERDICTS,
  },
  ML_DSA_65: {
    publicKey: '1d03e2a9e7c138287c5df09602562d02b94a8cc38a612d97a0922f554b0e2cee',
    signature: '77c944aaa59ead1318b9eeee229db108765f12000b49535756e2513d0e94de03',
    verdicts: VERDICTS,
  },
  ML_DSA_87: {
    publicKey: '7088897cb91d5ff3855277bdf1d0a3f13ce7f215f14b557d268c8b6192ee604a',
    signature: 'b617aa4d54db7c3e12ca751154ae3d4d50f5455db50b37b2736edbf8a648eecd',
    verdicts: VERDICTS,
  },
} as const

/**
 * The seed of RFC 9935 appendix C.1 and the randomness 00 01 .. 1f: the SHA3-256 of what comes out.
 * The public keys are those of the RFC; OpenSSL 4.0 opens and rejects the ciphertexts of 768 and
 * 1024 to the same secrets.
 */
export const ML_KEM = {
  seed:
    '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f' +
    '202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f',
  randomness: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
  ML_KEM_512: {
    publicKey: '82f101ff648063b376e2bb6c5b7455f655a50c2feadade150efa0e0e6f365aea',
    ciphertext: '1f2682f2bb7100c860810461f8dd84a6edbf35347d293fe59c526e12265fee59',
    sharedSecret: 'bff3801a0f73f2bfc11112d54c2dccc97f88a7a5dbeac71247250aec0dd0c3ec',
    opened: 'bff3801a0f73f2bfc11112d54c2dccc97f88a7a5dbeac71247250aec0dd0c3ec',
    rejected: '215b0d6934202b1902896b2eb36709274ae5af4a16a0f265ecce513df2fda23c',
  },
  ML_KEM_768: {
    publicKey: 'a24e16d8f8f9383a95b77050f4d9fd2f5733eec1d63ef3c23ebf9918173669a7',
    ciphertext: '59b53ea25088a7ab010aea8d187fb2542fff153cadfaaf9a4b11f47a1b2588e5',
    sharedSecret: 'cf4dc4b71a193b5a345f0aadabe1afbcfca56cb4879622469303b76350a303bc',
    opened: 'cf4dc4b71a193b5a345f0aadabe1afbcfca56cb4879622469303b76350a303bc',
    rejected: '87032bf7a8b86004010ec369ebb0593dac75a82be62254fc913325b4aff6ed93',
  },
  ML_KEM_1024: {
    publicKey: '61349e5c131a7e116a0463861d7d18663c5627c38c7147ddaadfd48acd7a4535',
    ciphertext: '50cf749566751752bf5f08f2b581c4e40c6a6574e169062b87885ed88dd5ac96',
    sharedSecret: '469ccf7af62331c4ccaed7fe970bcc7853e11e6bb814d87c0a49bab5504eedc6',
    opened: '469ccf7af62331c4ccaed7fe970bcc7853e11e6bb814d87c0a49bab5504eedc6',
    rejected: '1c9437917b358135fbbdb412ef7ff253205dc69bc818b6bc04c690614f157e11',
  },
} as const
