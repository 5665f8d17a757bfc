package io.lb4j;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Some of a service's instances: those whose metadata say so, such as {@code version=canary}. A call asks for one with
 * {@link PickRequest#within}. Immutable and thread-safe; equal if everything is.
 *
 * <p>A subset is a view and no service of its own: calls in flight, latency, health and ejections belong to the instance and are
 * the same whichever way a call came. Priorities, panic, retries on another instance, trials and affinity keep within the
 * subset.
 *
 * <p>It is empty if discovery lists no instance that matches and doesn't drain, whether those are well or not. What then
 * happens is its {@link Fallback}; the three are Envoy's.
 */
public final class Subset {
    private static final Subset ALL = new Subset(Map.of(), Fallback.FAIL, Map.of(), null);

    private final Map<String, String> metadata;
    private final Fallback fallback;
    private final Map<String, String> defaultMetadata;
    private final @Nullable Strategy strategy;

    /** Kept, as picks look a subset up by it. */
    private final int hash;

    /** What becomes of a call whose subset is empty. */
    public enum Fallback {
        /** It fails with {@link NoEligibleInstanceException}. Envoy's {@code NO_FALLBACK}. */
        FAIL,
        /** Any instance of the service will do. Envoy's {@code ANY_ENDPOINT}. */
        ANY_INSTANCE,
        /** It goes to another subset, and fails if that is empty as well. Envoy's {@code DEFAULT_SUBSET}. */
        DEFAULT_SUBSET
    }

    private Subset(
            Map<String, String> metadata,
            Fallback fallback,
            Map<String, String> defaultMetadata,
            @Nullable Strategy strategy) {
        this.metadata = Map.copyOf(metadata);
        this.fallback = fallback;
        this.defaultMetadata = Map.copyOf(defaultMetadata);
        this.strategy = strategy;
        this.hash = Objects.hash(this.metadata, fallback, this.defaultMetadata, strategy);
    }

    /** The instances with all of these metadata, and none others: an empty subset fails its calls. */
    public static Subset of(Map<String, String> metadata) {
        return new Subset(metadata, Fallback.FAIL, Map.of(), null);
    }

    /** The instances with this one metadatum, and none others. */
    public static Subset of(String name, String value) {
        return of(Map.of(name, value));
    }

    /** All instances; of use with {@link #by}. */
    public static Subset all() {
        return ALL;
    }

    /** The same, but any instance of the service will do if the subset is empty. */
    public Subset orAnyInstance() {
        return new Subset(metadata, Fallback.ANY_INSTANCE, Map.of(), strategy);
    }

    /** The same, but those with all of these metadata will do if the subset is empty. */
    public Subset orElse(Map<String, String> others) {
        return new Subset(metadata, Fallback.DEFAULT_SUBSET, others, strategy);
    }

    /** The same, with instances chosen by a strategy of its own instead of the service's. */
    public Subset by(Strategy value) {
        return new Subset(metadata, fallback, defaultMetadata, Objects.requireNonNull(value, "strategy"));
    }

    /** What its instances have in their metadata. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** What becomes of calls while it is empty. */
    public Fallback fallback() {
        return fallback;
    }

    /** The metadata of the default subset; empty unless that is the fallback. */
    public Map<String, String> defaultMetadata() {
        return defaultMetadata;
    }

    /** How its instances are chosen; null if as the service's are. */
    public @Nullable Strategy strategy() {
        return strategy;
    }

    /** Whether this instance is in it. */
    public boolean contains(ServiceInstance instance) {
        return contains(metadata, instance);
    }

    /** Whether this instance is in the default subset. */
    public boolean defaultContains(ServiceInstance instance) {
        return contains(defaultMetadata, instance);
    }

    private static boolean contains(Map<String, String> asked, ServiceInstance instance) {
        return instance.metadata().entrySet().containsAll(asked.entrySet());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof Subset that
                        && hash == that.hash
                        && metadata.equals(that.metadata)
                        && fallback == that.fallback
                        && defaultMetadata.equals(that.defaultMetadata)
                        && Objects.equals(strategy, that.strategy));
    }

    @Override
    public int hashCode() {
        return hash;
    }

    /** {@code version=canary or any}, for people. */
    @Override
    public String toString() {
        return text(metadata)
                + switch (fallback) {
                    case FAIL -> "";
                    case ANY_INSTANCE -> " or any";
                    case DEFAULT_SUBSET -> " or else " + text(defaultMetadata);
                }
                + (strategy == null ? "" : " by " + strategy);
    }

    private static String text(Map<String, String> metadata) {
        return metadata.isEmpty()
                ? "all"
                : new TreeMap<>(metadata)
                        .entrySet().stream()
                                .map(each -> each.getKey() + "=" + each.getValue())
                                .collect(Collectors.joining(","));
    }
}
