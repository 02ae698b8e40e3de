/** The parser of command lines, loaded by `require` for speed (base/packages.ts). */
import type * as Commander from 'commander'
import { require } from '../base/packages.js'

export const { Argument, Command, CommanderError, Option } = require('commander') as typeof Commander

export type Command = Commander.Command
export type CommanderError = Commander.CommanderError
export type Option = Commander.Option
