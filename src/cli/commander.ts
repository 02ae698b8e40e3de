/** The parser of command lines, loaded as base/packages.ts says. */
import type * as Commander from 'commander'
import { require } from '../base/packages.js'

export const { Argument, Command, CommanderError, Option } = require('commander') as typeof Commander

export type Command = Commander.Command
export type CommanderError = Commander.CommanderError
export type Option = Commander.Option
