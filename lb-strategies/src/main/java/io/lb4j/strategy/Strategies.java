package io.lb4j.strategy;

import io.lb4j.LoadProbe;
import io.lb4j.Strategy;
import java.time.Duration;
import java.util.Objects;

/**
 * The strategies that come with the library, and which to use when:
 *
 * <ul>
 *   <li>No reason to choose: {@link #defaultStrategy()}, which is {@link #adaptive()}.
 *   <li>Calls alike, instances alike: {@link #roundRobin()}; instances of different size: {@link
 *       #weightedRoundRobin()}. Exact shares, and the cheapest.
 *   <li>Very many clients with few calls each: {@link #random()} or {@link #weightedRandom()}, which no rhythm of the
 *       callers can fall in step with.
 *   <li>Calls of different length, and no look at the clock: {@link #powerOfTwoChoices()} or {@link #leastRequest(int)}; {@link #leastRequest()}
 *       and {@link #leastRequestRoundRobin()} for up to about a hundred instances that one client has to itself.
 *   <li>Instances of unknown or changing speed: {@link #peakEwma()}, which reacts at once; {@link
 *       #weightedByResponseTime()}, which is steadier and keeps some calls on every instance.
 *   <li>State or a cache per key on the instance: {@link #maglev()}, {@link #ringHash()} or {@link #rendezvous()}; with
 *       {@link #boundedLoad} where some keys are hot; {@link #jumpHash()} for numbered shards.
 *   <li>A conversation that should move only if it must: {@link #stickyUntilFailure()}.
 * </ul>
 *
 * <p>All strategies are immutable and thread-safe and may serve any number of services at once. Picks take no lock and
 * make no garbage. Weights are effective ones, less while an instance is in slow start, unless a strategy says
 * otherwise; one that is not mentioned to ignore weights follows them.
 *
 * <p>Each call of a factory makes a strategy with a memory of its own: two balancers never share anything, and two
 * strategies of one balancer do not either.
 */
public final class Strategies {
    private Strategies() {}

    /**
     * What to use without a reason for anything else: {@link #adaptive()}. It goes by calls in flight from the first call on, and by
     * reports and response times as far as there are any that tell something; it steers round an instance that is slow, hangs or
     * fails; it follows weights; and nothing of it is to be set. Where nothing but the cost of a pick counts, {@link
     * #powerOfTwoChoices()} is a tenth of it.
     */
    public static Strategy defaultStrategy() {
        return adaptive();
    }

    /**
     * Where one more call is expected to take the least time, by all that this client can know without being told
     * anything: the fewest calls in flight for the weight, its own and those that the servers report of others
     * ({@link io.lb4j.LoadReport#inFlight()}), times how much slower an instance is than usual, as far as past answers have proved
     * to foretell the next ones. Equal instances are balanced by calls in flight alone; unequal ones, and queues
     * that other clients make and nobody reports, are found by response times, one's own and, where servers report it,
     * {@link io.lb4j.LoadReport#latencyNanos()}. Instances that hang, fail or turn away more
     * calls than the others don't attract any by it.
     *
     * <p>Up to 16 instances all are compared; of more, eight that are drawn and eight that answered lately, of which alone
     * something fresh is known. Where response times foretell the next ones, a client keeps to some of these for a
     * while, and over minutes uses all. An idle service uses its quickest instances, but of up to 16 equally weighted ones each is asked now and then.
     * Looks at the clock at each pick and end of a call. With more than 1024 instances it is {@link
     * #powerOfTwoChoices()}, and keeps nothing of them.
     *
     * <p>Sources: M. Mitzenmacher, <i>How Useful Is Old Information?</i>, 2000, for reports that fade; L. Suresh and others,
     * <i>C3</i>, NSDI 2015, for ranking all by reported queues and response times; B. Wydrowski and others, <i>Prequal</i>, NSDI
     * 2024, for a pool of what was heard last. That a response time counts for what it has foretold, and the rest of how
     * these are put together, is this library's, chosen by its simulator (docs/choosing-a-strategy.md).
     */
    public static Strategy adaptive() {
        return new Adaptive();
    }

    /**
     * One after the other in discovery's order, from a random start; goes on from the same place when the set changes.
     * Ignores weights: {@link #weightedRoundRobin()} is the same where they are equal.
     */
    public static Strategy roundRobin() {
        return new RoundRobin();
    }

    /**
     * In turn, each as often as its weight says and as evenly spread as can be; goes on from the same place when the
     * set changes. Weights may be fractions and may differ by any factor. If they are in the ratio of integers then
     * as many successive picks as the integers' sum hold each instance exactly so often; equal weights make a plain
     * round robin.
     */
    public static Strategy weightedRoundRobin() {
        return new WeightedRoundRobin();
    }

    /** At random, all alike. Ignores weights. */
    public static Strategy random() {
        return new RandomChoice(false);
    }

    /** At random, in proportion to weights. */
    public static Strategy weightedRandom() {
        return new RandomChoice(true);
    }

    /**
     * The less busy of two different instances drawn by weight: fewer calls in flight for its weight, the one to be made
     * included. If the one drawn first is idle, or both are equally busy, that one: with few calls the shares are
     * the weights', and an instance in slow start gets its share however busy the others are.
     */
    public static Strategy powerOfTwoChoices() {
        return new PowerOfTwoChoices();
    }

    /**
     * The least busy of all: fewest calls in flight for its weight, the one to be made included. Ties are broken at
     * random by weight. Costs a look at every instance; with many clients, all of them see the same instance idle and
     * rush there, which drawn choices do not.
     */
    public static Strategy leastRequest() {
        return new LeastRequest(LeastRequest.ALL);
    }

    /**
     * The least busy of some different instances drawn at random, the first of them by weight; all if there are no more.
     *
     * @param choices how many to draw; more balance better, and herd more
     * @throws IllegalArgumentException if less than 2
     */
    public static Strategy leastRequest(int choices) {
        return new LeastRequest(choices);
    }

    /**
     * {@link #leastRequest(int)} with Envoy's active request bias: instances of different weight are compared by {@code
     * (calls in flight + 1)^bias / weight}. With 1 it is {@link #leastRequest(int)}; less lets weights count for more than
     * load, more the other way round. 0 ignores load: that is {@link #weightedRandom()}. Among equal weights any other
     * bias makes no difference.
     *
     * @param choices how many to draw; {@link Integer#MAX_VALUE} for all
     * @param activeRequestBias 0 or more
     * @throws IllegalArgumentException if there are less than 2 choices, or the bias is negative or not finite
     */
    public static Strategy leastRequest(int choices, double activeRequestBias) {
        return LeastRequest.biased(choices, activeRequestBias);
    }

    /**
     * The least busy of all as in {@link #leastRequest()}; those equally busy take turns by weight, so that a service
     * with few calls has an exact rotation. Costs a look at every instance.
     */
    public static Strategy leastRequestRoundRobin() {
        return new LeastRequestRoundRobin();
    }

    /** {@link #powerOfTwoChoices()} by any measure of load. */
    public static Strategy powerOfTwoChoices(LoadMeasure measure) {
        return new MeasuredChoices(2, measure);
    }

    /**
     * {@link #leastRequest()} by any measure of load. By {@link LoadMeasure#blended()} this is the one for many clients of
     * many servers that report: each client knows a few instances well, and looks for those.
     */
    public static Strategy leastRequest(LoadMeasure measure) {
        return new MeasuredChoices(LeastRequest.ALL, measure);
    }

    /**
     * {@link #leastRequest(int)} by any measure of load.
     *
     * @param choices how many to draw; {@link Integer#MAX_VALUE} for all
     * @throws IllegalArgumentException if less than 2
     */
    public static Strategy leastRequest(int choices, LoadMeasure measure) {
        return new MeasuredChoices(choices, measure);
    }

    /** {@link #leastRequestRoundRobin()} by any measure of load. */
    public static Strategy leastRequestRoundRobin(LoadMeasure measure) {
        return new MeasuredRoundRobin(measure);
    }

    /** {@link #prequal(LoadProbe, Prequal)} with the settings of the paper. */
    public static Strategy prequal(LoadProbe probe) {
        return prequal(probe, Prequal.DEFAULT);
    }

    /**
     * Prequal: of some instances that said lately how busy they are, the one with the lowest latency that has not more
     * calls in flight than most; if all have, the one with the fewest. Each call makes for a few probes to instances drawn
     * at random, in the background, whose answers serve the calls that come next; one that was used counts as one call
     * busier. Until there are answers, calls are spread at random by weight. Instances whose probes fail, or whose calls
     * do, are not taken for idle ones.
     *
     * <p>For services whose instances differ or are disturbed by others on their machines, and for many clients of many
     * servers. Probes cost the servers a few requests for each call.
     *
     * @param probe how instances are asked
     * @param settings how many are asked, and how long their answers hold
     */
    public static Strategy prequal(LoadProbe probe, Prequal settings) {
        return new PrequalStrategy(Objects.requireNonNull(probe, "probe"), settings);
    }

    /** {@link #prequal(Prequal)} with the settings of the paper. */
    public static Strategy prequal() {
        return prequal(Prequal.DEFAULT);
    }

    /**
     * {@link #prequal(LoadProbe, Prequal)} without probes: fed by the load reports that come with answers, and by what this
     * client sees itself where nobody reports.
     *
     * @param settings what they say of probes is not used
     */
    public static Strategy prequal(Prequal settings) {
        return new PrequalStrategy(null, settings);
    }

    /** {@link #peakEwma(Duration)} with a decay of 10 s, Finagle's. */
    public static Strategy peakEwma() {
        return peakEwma(PeakEwma.DEFAULT_DECAY);
    }

    /**
     * Least response time: of two different instances drawn by weight, the one that is expected to answer first. What
     * is expected is the response time, which rises at once with a slow answer and falls slowly afterwards, times the
     * calls in flight for the weight, the one to be made included.
     *
     * <p>A call that has been going on for longer than the average counts with its age. Failures count as slow, not as
     * quick, answers and make an instance up to eleven times as expensive; cancelled calls count for nothing. An
     * instance that has never answered is tried by one call at a time. Calls of very different length on purpose, such as
     * streams, spoil the averages: use {@link #powerOfTwoChoices()} there.
     *
     * <p>The same rule by what servers report is {@link #powerOfTwoChoices(LoadMeasure)} by {@link
     * LoadMeasure#reportedLatency()}; more than two are drawn by {@link #leastRequest(int, LoadMeasure)} and {@link
     * LoadMeasure#responseTime()}.
     *
     * @param decay after how much time a response time has lost 63 % of its influence
     * @throws IllegalArgumentException if not positive, or more than 365 days
     */
    public static Strategy peakEwma(Duration decay) {
        return new PeakEwma(decay);
    }

    /** {@link #weightedByResponseTime(Duration)}, updated every second. */
    public static Strategy weightedByResponseTime() {
        return weightedByResponseTime(WeightedByResponseTime.DEFAULT_UPDATE_PERIOD);
    }

    /**
     * {@link #weightedRoundRobin()} whose weights follow response times: an instance's own weight, times how many times
     * faster than the mean it answers, averaged over some 10 s. The factor is between 0.1 and 10, so that every instance
     * gets some calls and a slow one can show that it has recovered. One that was not measured yet counts as the mean;
     * one that always fails as eleven times slower than it is. By what servers report: {@link
     * #weightedByLoad(LoadMeasure)} and {@link LoadMeasure#reportedLatency()}.
     *
     * @param updatePeriod the least time between two computations of the weights
     * @throws IllegalArgumentException if not positive, or more than 365 days
     */
    public static Strategy weightedByResponseTime(Duration updatePeriod) {
        return new WeightedByResponseTime(updatePeriod);
    }

    /** {@link #weightedByUtilization(UtilizationWeights)} as gRPC does it. */
    public static Strategy weightedByUtilization() {
        return weightedByUtilization(UtilizationWeights.DEFAULT);
    }

    /**
     * {@link #weightedRoundRobin()} whose weights follow what the servers report: an instance's own weight, times how many
     * calls per second it serves for its utilisation and its errors, compared with the mean. The factor is between 0.1 and
     * 10. An instance that reports no utilisation or no calls per second, or did so too long ago or not long enough yet,
     * counts as the mean. gRPC's and Envoy's {@code client_side_weighted_round_robin} (A58, A114).
     */
    public static Strategy weightedByUtilization(UtilizationWeights settings) {
        return new WeightedByUtilization(settings);
    }

    /** {@link #weightedByInFlight(double)} with a bias of 1, Envoy's. */
    public static Strategy weightedByInFlight() {
        return weightedByInFlight(WeightedByLoad.DEFAULT_BIAS);
    }

    /**
     * {@link #weightedRoundRobin()} whose weights follow calls in flight: an instance's own weight / (calls in flight +
     * 1)<sup>bias</sup>. Busy instances get less, never nothing; while there is little to do it is an exact rotation.
     * Envoy's least request for hosts of different weight.
     *
     * @param bias how much calls in flight count; 0 not at all, more than 1 more than in proportion
     * @throws IllegalArgumentException unless 0 to 100
     */
    public static Strategy weightedByInFlight(double bias) {
        return new WeightedByLoad(bias, null);
    }

    /** {@link #weightedByLoad(LoadMeasure, double)} with a bias of 1. */
    public static Strategy weightedByLoad(LoadMeasure measure) {
        return weightedByLoad(measure, WeightedByLoad.DEFAULT_BIAS);
    }

    /**
     * {@link #weightedByInFlight(double)} by any measure of load: the weights are an instance's own weight /
     * load<sup>bias</sup>. By {@link LoadMeasure#blended()} it follows what servers report and one's own calls, by {@link
     * LoadMeasure#reportedLatency()} reported latencies, as {@link #weightedByResponseTime()} does measured ones.
     *
     * @param measure what a call would cost at an instance; one of which nothing is known (a load of 0) gets a call when
     *     it comes up
     * @param bias how much load counts; 0 not at all, more than 1 more than in proportion
     * @throws IllegalArgumentException unless the bias is 0 to 100
     */
    public static Strategy weightedByLoad(LoadMeasure measure, double bias) {
        return new WeightedByLoad(bias, Objects.requireNonNull(measure, "measure"));
    }

    /** {@link #ringHash(int, int)} with at least 1024 and at most 8,388,608 hashes, as in Envoy. */
    public static AffinityStrategy ringHash() {
        return ringHash(RingHash.DEFAULT_MIN_SIZE, RingHash.MAX_SIZE);
    }

    /**
     * Affinity by consistent hashing on a ring, the same as Envoy's: a key goes to the same instance from here and
     * through an Envoy that sees the same instances by the same weights. The more hashes, the more even: with 1000 for
     * each instance the largest share is some 1.1 times the mean; with Envoy's default of 1024 in all, 100 instances
     * have some 2 times.
     *
     * <p>How many hashes an instance has depends on the whole set, so one that is added or gone moves a few keys of
     * others, too, as it does in Envoy: 6 % of them for one of ten. {@link #ringHash(int)} moves none.
     *
     * @param minSize the least number of hashes on the ring
     * @param maxSize the largest, which weights of very different size reach; 4096 in gRPC
     * @throws IllegalArgumentException unless {@code 1 <= minSize <= maxSize <= 8388608}
     */
    public static AffinityStrategy ringHash(int minSize, int maxSize) {
        return RingHash.bySize(minSize, maxSize);
    }

    /**
     * Affinity by consistent hashing on a ring where an instance has a number of hashes that depends on nothing but its
     * own weight: one that is added or gone moves its own keys only, and its keys return with it.
     *
     * @param hashesPerWeight how many hashes an instance of weight 1 has; 100 make for a largest share of some 1.3
     *     times the mean. Fewer if the ring would have more than 8,388,608
     * @throws IllegalArgumentException unless 1 to 65,536
     */
    public static AffinityStrategy ringHash(int hashesPerWeight) {
        return RingHash.byWeight(hashesPerWeight);
    }

    /** {@link #maglev(int)} with 65,537 slots, as in Envoy. */
    public static AffinityStrategy maglev() {
        return maglev(Maglev.DEFAULT_SIZE);
    }

    /**
     * Affinity by Maglev's table, the same as Envoy's. Nearly exact shares and the quickest pick of all affinities; an
     * instance that is added or gone moves a few keys of others, too. Instances without a slot, which there are if the
     * table has too few, get no calls with a key.
     *
     * @param tableSize the number of slots; at least a hundred for each instance
     * @throws IllegalArgumentException unless a prime from 2 to 5,000,011
     */
    public static AffinityStrategy maglev(int tableSize) {
        return new Maglev(tableSize, null);
    }

    /**
     * Affinity by highest random weight: exact shares whatever the weights, and an instance that is added or gone, or
     * changes its weight, moves no key between others. Costs a hash for every instance: for up to about a hundred.
     */
    public static AffinityStrategy rendezvous() {
        return new Rendezvous(null);
    }

    /** {@link #multiProbe(int)} with 21 probes, for a largest share of at most 1.05 times the mean. */
    public static AffinityStrategy multiProbe() {
        return multiProbe(MultiProbe.DEFAULT_PROBES);
    }

    /**
     * Affinity by multi-probe consistent hashing: a ring with 32 hashes for a weight of 1, at which every key looks
     * several times. The largest share is at most {@code 1 + 1 / (probes - 1)} times the mean, and all are as even as those of a
     * ring with {@code 32 * (2 * probes + 1)} hashes each, for a fraction of the memory and a pick that costs so many
     * looks. An instance that is added or gone moves no key between others. Weights count in steps of 1/32.
     *
     * @param probes how often each key looks
     * @throws IllegalArgumentException unless 1 to 1024
     */
    public static AffinityStrategy multiProbe(int probes) {
        return new MultiProbe(probes, null);
    }

    /** {@link #boundedLoad(AffinityStrategy, double)} over {@link #maglev()} with a factor of 1.25. */
    public static Strategy boundedLoad() {
        return boundedLoad(maglev(), BoundedLoad.DEFAULT_FACTOR);
    }

    /**
     * Affinity, but no instance gets more calls in flight than the factor times its fair share of all of them, rounded
     * up: calls that would exceed it go to the next in their key's order. Calls without a key go by
     * {@link #powerOfTwoChoices()}. Calls in flight are this client's own, whatever servers report: the bound is kept exactly,
     * which one on reports that are old when they come could not be.
     *
     * @param affinity the order of the keys, any of them
     * @param factor more than 1; the smaller, the more even and the more keys away from home under load
     * @throws IllegalArgumentException if not more than 1, or infinite
     */
    public static Strategy boundedLoad(AffinityStrategy affinity, double factor) {
        return new BoundedLoad(affinity, factor);
    }

    /**
     * Affinity to numbered shards by jump hash: exact shares, next to no memory. All instances that discovery lists are
     * numbered, in the order of their ids with digits read as numbers, whether they can take calls or not: one that is
     * ejected moves its own keys only. One that drains or is no longer listed renumbers all that follow, unless it was
     * the last; prefer {@link #rendezvous()} or {@link #ringHash(int)} where instances come and go.
     *
     * <p>With {@link AffinityStrategy#hashKey} the entry decides the order in place of the id. If it is a number for
     * every instance (0 to 65,535, of which few are left out), then that is the shard's number, and one that is gone from
     * the middle moves its own keys only, too.
     *
     * <p>Ignores weights; calls without a key are spread at random by weight.
     */
    public static AffinityStrategy jumpHash() {
        return new JumpHash(null);
    }

    /**
     * Stays on one instance, and moves only when that is no longer eligible or a call is tried once more after failing
     * there; then it stays where it went, even when the first is back. Calls with a key stay by key (keys share 65,536
     * places, and move together with those in the same place), all other calls of this balancer stay together. Keys
     * without a failure are on the same instance for every process, and calls without a key on one that differs from
     * client to client, by the instances' own weights.
     */
    public static Strategy stickyUntilFailure() {
        return new StickyUntilFailure();
    }
}
