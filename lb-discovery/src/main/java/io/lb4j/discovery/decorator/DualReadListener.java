package io.lb4j.discovery.decorator;

/** Told what a {@link DualReadDiscovery} finds, one call at a time per service, on some thread, to return quickly. */
public interface DualReadListener {
    /** The sources have differed in this for the settling time, or in another way than told before. */
    default void onDifference(DualReadDiscovery.Difference difference) {}

    /** The sources agree again in what was told to be different. */
    default void onAgreement(DualReadDiscovery.Difference over) {}

    /** The source that is only compared with is in trouble; nothing is compared until it answers again. */
    default void onComparedError(String service, Throwable error) {}
}
