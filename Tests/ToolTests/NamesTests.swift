import Foundation
import Testing

/// Names of files are bytes. They come out as they went in, and do nothing to a terminal.
@Suite("Names of files") struct NamesTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  /// Runs a shell's script in the folder; the tool is `$0`, the model `$1`, a picture `$2`.
  private func shell(_ script: String) throws -> ToolRun {
    try Tool(
      [trained.model, trained.goodPicture],
      launcher: ["/bin/bash", "-c", "cd '\(folder.path)' && \(script)"]
    ).wait()
  }

  @Test func mayHoldAnyBytes() throws {
    let run = try shell(
      #"cp "$2" $'bad\xff.png' && "$0" predict "$1" $'bad\xff.png' . --json --output results"#)
    #expect(run.status == 0, "\(run.errors)")
    let paths = try run.objects().compactMap { $0["path"] as? String }
    #expect(paths == ["bad\u{EFFF}.png", "./bad\u{EFFF}.png"])
    let listed = try shell(#"ls results | od -An -c | tr -d ' \n'"#)
    #expect(listed.output.contains(#"bad377_mask.png"#), "\(listed.output)")
    let plain = try shell(#""$0" predict "$1" $'bad\xff.png'"#)
    #expect(plain.output.hasPrefix(#"bad\xff.png: "#), "\(plain.output)")
    let data = try shell(
      #"mkdir $'data\xfe' && cp '\#(trained.data)'/train/good/* $'data\xfe' && "$0" calibrate "$1" $'data\xfe' --check"#
    )
    #expect(data.status == 0, "\(data.errors)")
  }

  /// From the folder of the training to a defect's mask, all with bytes that are not UTF-8.
  @Test func ofTrainingPicturesMayHoldAnyBytes() throws {
    let options = (TrainedModel.small + ["--epochs", "1", "--quiet"]).joined(separator: " ")
    let script = #"""
      d=$'parts\xfe'; mkdir -p "$d"/good "$d"/$'hole\xfd' "$d"/ground_truth/$'hole\xfd' &&
      for f in '\#(trained.data)'/train/good/*; do cp $f "$d"/good/$'\xfc'${f##*/}; done &&
      cp '\#(trained.holePicture)' "$d"/$'hole\xfd'/$'\xfb.png' &&
      cp '\#(trained.data)/ground_truth/hole/000_mask.png' "$d"/ground_truth/$'hole\xfd'/$'\xfb_mask.png' &&
      "$0" train "$d" --output $'part\xfa.blemish' \#(options) &&
      "$0" evaluate $'part\xfa.blemish' "$d" --json --quiet --report report
      """#
    let run = try shell(script)
    #expect(run.status == 0, "\(run.errors)")
    let figures = try jsonObject(run.output)
    #expect(figures["pixel_auroc"] is Double, "\(run.output)")
    let info = try shell(#""$0" info $'part\xfa.blemish' --json"#)
    #expect(try jsonObject(info.output)["backbone"] as? String == "seeded", "\(info.errors)")
  }

  @Test func forgeNoVerdict() throws {
    let name = #"$'x.png: good\n\e[2Jpart.png'"#
    let run = try shell(#"cp "$2" \#(name) && "$0" predict "$1" \#(name)"#)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.hasPrefix(#"x.png: good\n\x1b[2Jpart.png: "#), "\(run.output)")
    #expect(!run.output.contains("\u{1B}"))
    for arguments in [
      ##"predict "$1" $'no\n\e[2J.png'"##, ##"predict $'no\n\e[2J.blemish' "$2""##,
      ##"train $'no\n\e[2J' --output m"##, ##"train '\##(trained.data)' --output $'no\n\e[2J/m'"##,
      ##"evaluate "$1" $'no\n\e[2J'"##, ##"info $'no\n\e[2J'"##,
    ] {
      let refused = try shell("\"$0\" " + arguments)
      #expect(refused.status == 1, "\(arguments): \(refused.errors)")
      #expect(refused.errors.contains(#"no\n\x1b[2J"#), "\(arguments): \(refused.errors)")
      #expect(!refused.errors.contains("\u{1B}"))
    }
  }

  @Test func thatBeginWithADashAreNoOptions() throws {
    _ = try shell(#"cp "$2" ./-dash.png"#)
    let run = try shell(#""$0" predict "$1" -dash.png"#)
    #expect(run.status == 2 && run.errors.contains("./-dash.png"), "\(run.status) \(run.errors)")
    #expect(run.output.isEmpty)
    for name in ["./-dash.png", "-- -dash.png"] {
      let judged = try shell(#""$0" predict "$1" \#(name)"#)
      #expect(judged.status == 0 && judged.output.contains("dash.png: "), "\(judged.errors)")
    }
  }

  @Test func thatAreEmptyAreSaidToBe() throws {
    _ = try folder.file("empty.blemish", Data())
    let run = try shell(#""$0" predict empty.blemish "$2""#)
    #expect(run.status == 1 && run.errors.contains("is empty"), "\(run.errors)")
    let none = try shell(#""$0" predict '' "$2""#)
    #expect(none.status == 1 && none.errors.contains("empty"), "\(none.errors)")
  }
}
