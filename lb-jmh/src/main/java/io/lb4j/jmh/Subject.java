package io.lb4j.jmh;

import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The contender that a benchmark's parameters name. */
@State(Scope.Benchmark)
public class Subject {
    /** The policy, named as the factory in {@code Strategies} is. */
    @Param
    public Policy policy;

    /** Whose implementation: see {@link Contender#create}. */
    @Param({"lb4j", "floor"})
    public String library;

    /** How many instances there are to pick from. */
    @Param({"10", "100", "1000"})
    public int instances;

    Contender contender;

    /** JMH makes it and sets the parameters. */
    @SuppressWarnings("NullAway.Init")
    public Subject() {}

    /** Makes the contender. */
    @Setup
    public void open() {
        contender = Contender.create(library, policy, instances);
    }

    /** Ends what the contender runs. */
    @TearDown
    public void close() throws Exception {
        contender.close();
    }
}
