package io.lb4j.simulator.published;

import io.lb4j.simulator.Algorithm;
import io.lb4j.simulator.Algorithm.Settings;
import io.lb4j.strategy.Strategies;
import java.util.List;

/**
 * The algorithms of others, ready to be compared. All have this library's health and retries, so that it is the choices
 * that are compared; those who bring rules of their own for failures bring them besides.
 */
public final class Published {
    private Published() {}

    /** All of them. */
    public static List<Algorithm> all() {
        return List.of(
                random(),
                roundRobin(),
                grpcWeighted(),
                envoyLeastRequest(),
                finagleLeastLoaded(),
                finaglePeakEwma(),
                serviceTalk(),
                dialogueBalanced(),
                dialoguePin(),
                ribbon(),
                dubbo(),
                c3(100),
                yarp(),
                prequal());
    }

    /** One at random. */
    public static Algorithm random() {
        return Algorithm.of("random", Strategies.random());
    }

    /** One after the other. */
    public static Algorithm roundRobin() {
        return Algorithm.of("round robin", Strategies.roundRobin());
    }

    /** gRPC's weighted round robin (A58), whose formula and defaults are this library's, too. */
    public static Algorithm grpcWeighted() {
        return Algorithm.of("gRPC weighted round robin", Strategies.weightedByUtilization());
    }

    /** Envoy's least request: the lesser of two, which may be the same. */
    public static Algorithm envoyLeastRequest() {
        return Algorithm.of(
                "Envoy least request", new Scored<>("Envoy least request", Scored.Choice.TWO, InFlight::new));
    }

    /** Finagle's default: the lesser of two different ones by calls in flight. */
    public static Algorithm finagleLeastLoaded() {
        return Algorithm.of("Finagle least loaded", new Scored<>("Finagle", Scored.Choice.TWO_DISTINCT, InFlight::new));
    }

    /** Finagle's Peak EWMA. */
    public static Algorithm finaglePeakEwma() {
        return Algorithm.of(
                "Finagle peak EWMA",
                new Scored<>("Finagle peak EWMA", Scored.Choice.TWO_DISTINCT, FinaglePeakEwma::new));
    }

    /** ServiceTalk's two choices. */
    public static Algorithm serviceTalk() {
        return Algorithm.of(
                "ServiceTalk", new Scored<>("ServiceTalk", Scored.Choice.TWO_DISTINCT, ServiceTalkEwma::new));
    }

    /** Dialogue's BALANCED. */
    public static Algorithm dialogueBalanced() {
        return Algorithm.of(
                "Dialogue BALANCED", new Scored<>("Dialogue BALANCED", Scored.Choice.ALL, DialogueBalanced::new));
    }

    /** Dialogue's PIN_UNTIL_ERROR. */
    public static Algorithm dialoguePin() {
        return Algorithm.of("Dialogue PIN_UNTIL_ERROR", new DialoguePin());
    }

    /** Ribbon's weighted response time. */
    public static Algorithm ribbon() {
        return Algorithm.of("Ribbon", new RibbonWeighted());
    }

    /** Dubbo's shortest response. */
    public static Algorithm dubbo() {
        return Algorithm.of("Dubbo", new Scored<>("Dubbo", Scored.Choice.ALL, DubboShortest::new));
    }

    /** C3's ranking. */
    public static Algorithm c3(int clients) {
        return c3(clients, Settings.DEFAULT);
    }

    /** The same with other settings. */
    public static Algorithm c3(int clients, Settings settings) {
        return Algorithm.of("C3", new Scored<>("C3", Scored.Choice.ALL, () -> new C3(clients)), settings);
    }

    /** YARP's two choices by polled load. */
    public static Algorithm yarp() {
        return Algorithm.probing("YARP", Yarp::new, Settings.DEFAULT);
    }

    /** Prequal as its authors describe it. */
    public static Algorithm prequal() {
        return prequal(Settings.DEFAULT);
    }

    /** The same with other settings, as its testbed had neither retries nor ejection. */
    public static Algorithm prequal(Settings settings) {
        return Algorithm.probing("Prequal", PaperPrequal::new, settings);
    }
}
