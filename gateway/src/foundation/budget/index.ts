/**
 * Money: what a model call may cost is set aside before it is dispatched, and what it did cost is kept afterwards, by person, agent,
 * channel, conversation and turn. No call goes to a provider past this room. It never shows anything to anyone, never chooses a model by
 * itself, and never counts an unknown price as nothing.
 */
export { createBudget } from './create-budget.ts'
export type { Budget, KnownPrice } from './create-budget.ts'
export { budgetsSection } from './config.ts'
export { budgetMigration, budgetRaisesMigration } from './ledger.ts'
export type { AskOwner, MoneyQuestion, OwnerAnswer } from './ask-owner.ts'
export type { Unfinished } from './types.ts'
