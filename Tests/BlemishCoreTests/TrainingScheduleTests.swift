import BlemishCore
import Testing

@Suite("The learning rate's course") struct TrainingScheduleTests {
  private func schedule(_ course: TrainingSchedule.Course, epochs: Int = 10) -> TrainingSchedule {
    TrainingSchedule(epochs: epochs, batch: 1, learningRate: 2, weightDecay: 0, course: course)
  }

  @Test func rampFallsInAStraightLineOverAllSteps() {
    let schedule = schedule(.ramp(end: 0.4))
    #expect(schedule.learningRate(step: 0, stepsPerEpoch: 5) == 2)
    #expect(abs(schedule.learningRate(step: 25, stepsPerEpoch: 5) - 1.4) < 1e-12)
    #expect(abs(schedule.learningRate(step: 50, stepsPerEpoch: 5) - 0.8) < 1e-12)
    #expect(abs(schedule.learningRate(step: 500, stepsPerEpoch: 5) - 0.8) < 1e-12)
  }

  @Test func publishedRampMovesOnceAnEpochAndHardly() {
    let schedule = schedule(.rampPerEpoch(end: 0.4))
    #expect(schedule.learningRate(step: 4, stepsPerEpoch: 5) == 2)
    #expect(abs(schedule.learningRate(step: 5, stepsPerEpoch: 5) - 2 * (1 - 0.6 / 50)) < 1e-12)
  }

  @Test func warmUpRisesAndMilestonesCut() {
    let schedule = schedule(.warmUpAndMilestones(start: 0.1, warmUp: 4, milestones: [6, 8], factor: 0.5))
    let rates = (0..<10).map { schedule.learningRate(step: 3 * $0 + 2, stepsPerEpoch: 3) }
    let expected = [0.2, 0.65, 1.1, 1.55, 2, 2, 1, 1, 0.5, 0.5]
    for (rate, expected) in zip(rates, expected) { #expect(abs(rate - expected) < 1e-12) }
  }

  @Test func aShorterTrainingWarmsUpAndCutsInProportion() {
    let long = schedule(
      .warmUpAndMilestones(start: 0.1, warmUp: 12, milestones: [70, 90], factor: 0.5), epochs: 100)
    #expect(long.lasting(100) == long)
    #expect(
      long.lasting(10).course == .warmUpAndMilestones(start: 0.1, warmUp: 1, milestones: [7, 9], factor: 0.5))
    #expect(long.lasting(10).epochs == 10)
    let ramp = schedule(.ramp(end: 0.4))
    #expect(ramp.lasting(3).course == ramp.course && ramp.lasting(3).epochs == 3)
  }

  @Test(arguments: [
    (0, 1, ScheduleError.epochs(0)), (1, 0, .batch(0)), (.max, 1, .epochs(.max)), (1, .max, .batch(.max)),
    (.min, 1, .epochs(.min)),
  ])
  func numbersThatMakeNoTrainingAreRefused(epochs: Int, batch: Int, error: ScheduleError) {
    let schedule = TrainingSchedule(
      epochs: epochs,
      batch: batch,
      learningRate: 1,
      weightDecay: 0,
      course: .ramp(end: 1)
    )
    #expect(throws: error) { try schedule.check() }
  }

  @Test(arguments: [0, -1, Double.nan, .infinity]) func ratesThatAreNoneAreRefused(_ rate: Double) {
    var schedule = schedule(.ramp(end: 1))
    schedule.learningRate = rate
    let error = #expect(throws: ScheduleError.self) { try schedule.check() }
    // Not a number equals nothing, itself included.
    guard case .learningRate? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
