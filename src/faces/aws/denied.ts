/** AccessDeniedException in the words of the service (contracts: AWS 12). */
const BECAUSE: Readonly<Record<string, (action: string) => string>> = {
  'keyPolicy.deny': () => 'with an explicit deny in a resource-based policy',
  'identityPolicy.deny': () => 'with an explicit deny in an identity-based policy',
  'identityPolicy.silent': (action) =>
    `because no identity-based policy allows the ${action} action`,
}
const NO_KEY_POLICY = (action: string): string =>
  `because no resource-based policy allows the ${action} action`

export function deniedText(
  principal: string,
  { rule, action, resource }: Readonly<Record<'rule' | 'action' | 'resource', string>>,
): string {
  const because = (BECAUSE[rule] ?? NO_KEY_POLICY)(action)
  return (
    `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} ` + because
  )
}
