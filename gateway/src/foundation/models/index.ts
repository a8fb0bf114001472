/**
 * Which model answers, and what happens when it does not: providers from configuration and catalog, credentials attached
 * outside the models' sight, people's sign-ins with providers (OAuth) and their renewal, words for
 * pictures a model cannot see, the default choice, local servers, retry, failover and cooldowns. It knows no wire format and
 * no agent, shows nothing to anyone, and never changes what a person chose.
 */
export { createModels } from './create-models.ts'
export type { Models, ModelsOptions } from './create-models.ts'
export { authSection, modelsSection } from './config.ts'
export { credentialsMigration, credentialValuesMigration } from './credential-rows.ts'
export type { CredentialAct, SignInAttempt } from './types.ts'
export { createDirectFetch } from './direct-fetch.ts'
export { modelsMigration } from './cooldowns.ts'
export { picturesMigration } from './pictures.ts'
export type { CatalogEntry } from './providers.ts'
