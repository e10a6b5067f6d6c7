import BlemishSupport
import Foundation

// Runs every reader over damaged files for some time. A file that ends the process, or takes longer than ten seconds,
// is a fault: it lies in the folder of failures then, under a name that says reader and round.
//
//   blemish-fuzz [--seconds N] [--seed N] [--only READER] [--corpus FOLDER] [--failures FOLDER] [FILE ...]
//
// With files, each is given to every reader once, to see a fault again.

var seconds = 60.0
var seed: UInt64 = 1
var only: String?
var corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Corpus"
var failures = "fuzz-failures"
var files: [String] = []
var arguments = commandLineArguments().dropFirst()
while let argument = arguments.popFirst() {
  switch argument {
  case "--seconds": seconds = arguments.popFirst().flatMap { Double($0) } ?? seconds
  case "--seed": seed = arguments.popFirst().flatMap { UInt64($0) } ?? seed
  case "--only": only = arguments.popFirst()
  case "--corpus": corpus = arguments.popFirst() ?? corpus
  case "--failures": failures = arguments.popFirst() ?? failures
  default: files.append(argument)
  }
}

let readers = try targets(corpus: corpus).filter { only == nil || $0.name == only }
guard files.isEmpty else {
  for file in files {
    let data = try readRegularFile(file)
    for reader in readers {
      print("\(printable(file)): \(reader.name) \(reader.read(data) ? "reads it" : "refuses it")")
    }
  }
  exit(0)
}

// Each reader runs in a process of its own, which writes what it tries before it tries it.
try makeFolder(failures)
let share = seconds / Double(max(readers.count, 1))
var faults = 0
var total = 0
for reader in readers {
  var round = 0
  var good = 0
  var found = 0
  let end = ContinuousClock.now + .milliseconds(Int(share * 1000))
  repeat {
    let result = try Session(reader, seed: seed, start: round, end: end, folder: failures).run()
    good += result.good
    round = result.next
    if result.failed {
      found += 1
      try Data(result.input).write(
        to: URL(fileURLWithPath: "\(failures)/\(reader.name)-seed\(seed)-round\(round - 1)"))
      print("FAULT \(reader.name) seed \(seed) round \(round - 1): \(result.reason)")
    }
  } while ContinuousClock.now < end && found < 20
  print(
    "\(reader.name): \(reader.seeds.count) seeds, \(round) inputs, \(good) read, \(round - good) refused or faulty, \(found) faults"
  )
  faults += found
  total += round
}
print("\(total) inputs, \(faults) faults")
exit(faults == 0 ? 0 : 1)
