package io.lb4j.testing;

import io.lb4j.ServiceInstance;
import io.lb4j.Strategy;
import io.lb4j.testing.Given.Spread;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Finds out whether a strategy does what the balancer and its users rely on. It drives the balancer that ships, on
 * virtual time and with seeded randomness, so what fails once fails again (races between real threads excepted).
 *
 * <pre>{@code
 * StrategyVerifier.of(MyStrategy::new).followsWeights().verify();
 * }</pre>
 *
 * <p>Knows no test framework: it throws an {@link AssertionError} that says what was asked, what was seen, and how to
 * ask the same again. Immutable; a verification of all checks takes a few seconds.
 */
public final class StrategyVerifier {
    private static final Duration DEFAULT_LIMIT = Duration.ofSeconds(60);

    private final Given given;
    private final Set<StrategyCheck> excused;
    private final Duration limit;

    private StrategyVerifier(Given given, Set<StrategyCheck> excused, Duration limit) {
        this.given = given;
        this.excused = excused;
        this.limit = limit;
    }

    /**
     * A verifier of what the supplier makes, which claims nothing yet.
     *
     * @param strategy makes the strategy; called for every trial, and may return the same one each time
     */
    public static StrategyVerifier of(Supplier<? extends Strategy> strategy) {
        Objects.requireNonNull(strategy, "strategy");
        return new StrategyVerifier(
                new Given(strategy, Spread.UNCLAIMED, -1, UnaryOperator.identity(), 1), Set.of(), DEFAULT_LIMIT);
    }

    /** Claims that calls without a key come to idle instances equally often, whatever their weights. */
    public StrategyVerifier spreadsEvenly() {
        return with(new Given(given.maker(), Spread.EVEN, given.strays(), given.description(), given.seed()));
    }

    /** Claims that calls without a key come to idle instances in proportion to their weights. */
    public StrategyVerifier followsWeights() {
        return with(new Given(given.maker(), Spread.WEIGHTED, given.strays(), given.description(), given.seed()));
    }

    /** Claims that a key's calls go to the same instance, and that an instance which goes moves its own keys only. */
    public StrategyVerifier keepsKeys() {
        return keepsKeys(0);
    }

    /**
     * Claims that a key's calls go to the same instance, and that an instance which goes moves, beside its own keys, at
     * most this share of the others'.
     *
     * @throws IllegalArgumentException unless 0 to 1
     */
    public StrategyVerifier keepsKeys(double strays) {
        if (!(strays >= 0 && strays <= 1)) {
            throw new IllegalArgumentException("strays: " + strays + " (expected: 0 to 1)");
        }
        return with(new Given(given.maker(), given.spread(), strays, given.description(), given.seed()));
    }

    /**
     * Has every instance described further before discovery delivers it, by zone or metadata: for a strategy that looks
     * at those. Id, address, weight and priority are the verifier's and must stay as they are. Default: nothing is added.
     */
    public StrategyVerifier instances(UnaryOperator<ServiceInstance> description) {
        Objects.requireNonNull(description, "description");
        return with(new Given(given.maker(), given.spread(), given.strays(), description, given.seed()));
    }

    /** Leaves out these checks: for a strategy that does otherwise on purpose. */
    public StrategyVerifier without(StrategyCheck... checks) {
        EnumSet<StrategyCheck> all = EnumSet.noneOf(StrategyCheck.class);
        all.addAll(excused);
        Collections.addAll(all, checks);
        return new StrategyVerifier(given, all, limit);
    }

    /** Sets the seed of all randomness; default 1. */
    public StrategyVerifier seed(long value) {
        return with(new Given(given.maker(), given.spread(), given.strays(), given.description(), value));
    }

    /**
     * Sets how long one check may take before the strategy counts as hanging; default 60 s.
     *
     * @throws IllegalArgumentException unless positive
     */
    public StrategyVerifier limit(Duration value) {
        if (value.isZero() || value.isNegative()) {
            throw new IllegalArgumentException("limit: " + value + " (expected: > 0)");
        }
        return new StrategyVerifier(given, excused, value);
    }

    /** The checks that apply to what is claimed, in the order {@link #verify()} makes them. */
    public List<StrategyCheck> checks() {
        return Arrays.stream(StrategyCheck.values())
                .filter(check -> check.appliesTo(given) && !excused.contains(check))
                .toList();
    }

    /**
     * Makes all checks that apply, up to the first that fails.
     *
     * @throws AssertionError if one fails
     */
    public void verify() {
        checks().forEach(this::verify);
    }

    /**
     * Makes one check, whether it was left out or not.
     *
     * @throws AssertionError if it fails
     * @throws IllegalArgumentException if the strategy claims nothing that the check could be about
     */
    public void verify(StrategyCheck check) {
        if (!check.appliesTo(given)) {
            throw new IllegalArgumentException("check: " + check + " (expected: one of " + checks()
                    + "); it is about something this strategy doesn't claim");
        }
        try {
            Watchdog.run(() -> check.run(given), "verify " + check, limit);
        } catch (Throwable e) {
            throw failure(check, e);
        }
    }

    private StrategyVerifier with(Given value) {
        return new StrategyVerifier(value, excused, limit);
    }

    private AssertionError failure(StrategyCheck check, Throwable error) {
        String seen = error instanceof AssertionError ? error.getMessage() : error.toString();
        return new AssertionError(
                name() + " fails " + check
                        + "\n  asked: " + check.asked()
                        + "\n  seen:  " + seen
                        + "\n  again: verify(StrategyCheck." + check + ") with seed(" + given.seed() + ")",
                error);
    }

    private String name() {
        try {
            String name = String.valueOf(given.maker().get());
            int lambda = name.indexOf("$$Lambda");
            return lambda < 0 ? name : "the strategy of " + name.substring(name.lastIndexOf('.', lambda) + 1, lambda);
        } catch (Throwable e) {
            return "the strategy";
        }
    }

    @Override
    public String toString() {
        return "StrategyVerifier[" + name() + ", seed " + given.seed() + "]";
    }
}
