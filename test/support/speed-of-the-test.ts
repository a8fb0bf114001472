/** The suite's clocks run faster; this key of a configuration tells a channel's own process how fast. */
export const speedOfTheTest = 'speedOfTheTest'
