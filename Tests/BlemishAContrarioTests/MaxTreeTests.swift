import Foundation
import Testing

@testable import BlemishAContrario

struct MaxTreeTests {
  /// The components (4-connectivity) of the pixels of at least `threshold`, each a sorted list.
  func components(_ grid: [Float], _ height: Int, _ width: Int, _ threshold: Float) -> Set<[Int]> {
    var seen = grid.map { $0 < threshold }
    var components: Set<[Int]> = []
    for start in grid.indices where !seen[start] {
      var component: [Int] = []
      var open = [start]
      seen[start] = true
      while let pixel = open.popLast() {
        component.append(pixel)
        let (row, column) = pixel.quotientAndRemainder(dividingBy: width)
        for (y, x) in [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        where y >= 0 && y < height && x >= 0 && x < width && !seen[y * width + x] {
          seen[y * width + x] = true
          open.append(y * width + x)
        }
      }
      components.insert(component.sorted())
    }
    return components
  }

  func nodePixels(_ tree: MaxTree) -> [[Int]] {
    var pixels = [[Int]](repeating: [], count: tree.count)
    for pixel in tree.nodeOfPixel.indices {
      var node = Int(tree.nodeOfPixel[pixel])
      pixels[node].append(pixel)
      while node > 0 {
        node = Int(tree.parent[node])
        pixels[node].append(pixel)
      }
    }
    return pixels
  }

  func randomGrid(_ seed: UInt64) -> (values: [Float], height: Int, width: Int) {
    var generator = SplitMix(state: seed)
    let height = Int.random(in: 1...9, using: &generator)
    let width = Int.random(in: 1...9, using: &generator)
    let levels = Int.random(in: 1...12, using: &generator)
    let values = (0..<height * width).map { _ in
      Float(Int.random(in: 0..<levels, using: &generator)) * 1.5 - 3
    }
    return (values, height, width)
  }

  @Test(arguments: UInt64(0)..<200)
  func nodesAreTheComponentsOfAllUpperLevelSets(seed: UInt64) throws {
    let (values, height, width) = randomGrid(seed)
    let tree = try MaxTree(values, height: height, width: width)
    var expected: Set<[Int]> = []
    for threshold in Set(values) { expected.formUnion(components(values, height, width, threshold)) }
    let pixels = nodePixels(tree)
    #expect(Set(pixels) == expected)
    #expect(pixels.count == expected.count)
    for node in 0..<tree.count {
      #expect(Int(tree.area[node]) == pixels[node].count)
      #expect(pixels[node].map { values[$0] }.min() == tree.level[node])
      #expect(node == 0 || tree.parent[node] < node)
    }
  }

  /// The published procedure word by word on explicit lists of children.
  func regionsByRepetition(_ tree: MaxTree, _ significance: [Double]) -> Set<Int> {
    var children = [Int: [Int]]()
    for node in 1..<max(tree.count, 1) { children[Int(tree.parent[node]), default: []].append(node) }
    func leaves(_ node: Int) -> [Int] {
      let below = children[node] ?? []
      return below.isEmpty ? [node] : below.flatMap(leaves)
    }
    var root = 0
    func parent(_ node: Int) -> Int? { children.first { $0.value.contains(node) }?.key }
    func prune() {
      for leaf in leaves(root) {
        var branch = [leaf]
        while let above = parent(branch[branch.count - 1]), children[above]?.count == 1 {
          branch.append(above)
        }
        let top = branch[branch.count - 1]
        var kept = leaf
        for node in branch where significance[node] <= significance[kept] { kept = node }
        if let above = parent(top) {
          children[above] = (children[above] ?? []).filter { $0 != top } + [kept]
        } else {
          root = kept
        }
        for node in branch { children[node] = nil }
      }
    }
    func merge() -> Bool {
      var merged = false
      for (node, below) in children where !below.isEmpty {
        guard children[node] != nil, below.allSatisfy({ (children[$0] ?? []).isEmpty }),
          below.allSatisfy({ significance[node] <= significance[$0] })
        else { continue }
        children[node] = nil
        merged = true
      }
      return merged
    }
    repeat { prune() } while merge()
    prune()
    return Set(leaves(root))
  }

  @Test(arguments: UInt64(0)..<200)
  func oneSweepEqualsPruningAndMergingInTurn(seed: UInt64) throws {
    let (values, height, width) = randomGrid(seed)
    let tree = try MaxTree(values, height: height, width: width)
    var generator = SplitMix(state: seed &+ 1000)
    // Larger regions tend to be more significant, so that merging happens often, and many are equally so.
    let significance = (0..<tree.count).map { node in
      -Double(Int.random(in: 0..<4, using: &generator))
        - (0.5 * Double(tree.area[node]).squareRoot()).rounded()
    }
    let regions = tree.regions { significance[$0.index] }
    #expect(Set(regions.regions.map(\.node.index)) == regionsByRepetition(tree, significance))
    let pixels = nodePixels(tree)
    for region in regions.regions {
      #expect(regions.pixels(of: region).map { Int($0) } == pixels[region.node.index])
      #expect(region.logProbability == significance[region.node.index])
    }
  }

  @Test
  func equallySignificantRegionsAllStand() throws {
    let values: [Float] = [9, 1, 9, 1, 9]
    let regions = try ScaleEnergies(values, channels: 1, height: 1, width: 5).regions()
    #expect(
      regions.regions.map { Array(regions.pixels(of: $0)) }.sorted { $0[0] < $1[0] } == [[0], [2], [4]]
    )
  }

  @Test
  func valuesThatAreNotFiniteAreRefused() {
    #expect(throws: AContrarioError.notFinite(index: 1)) {
      try MaxTree([0, .nan, 0, 0], height: 2, width: 2)
    }
    #expect(throws: AContrarioError.notFinite(index: 2)) {
      try ScaleEnergies(latents: [0, 0, .infinity, 0], channels: 1, height: 2, width: 2)
    }
    #expect(throws: AContrarioError.valueCount(2, shape: .init(height: 2, width: 2))) {
      try MaxTree([0, 1], height: 2, width: 2)
    }
    #expect(throws: AContrarioError.invalidShape(.init(height: .max, width: 2))) {
      try MaxTree([], height: .max, width: 2)
    }
  }
}

/// A small reproducible generator.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
