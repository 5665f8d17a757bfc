package io.lb4j.verifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.Strategy;
import io.lb4j.testing.StrategyCheck;
import io.lb4j.testing.StrategyVerifier;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The verifier finds what it looks for, and nothing where nothing is. */
final class StrategyVerifierTest {
    private static final StrategyVerifier UNIFORM =
            StrategyVerifier.of(Sound::uniform).spreadsEvenly();

    @ParameterizedTest
    @MethodSource("io.lb4j.verifier.Broken#all")
    void verify_brokenStrategy_saysWhatIsWrong(Broken broken) {
        assertThatThrownBy(() -> broken.verifier().verify(broken.check()))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("fails " + broken.check() + "\n")
                .hasMessageContaining(broken.says())
                .hasMessageContaining("seed(1)");
    }

    @Test
    void verify_everyCheck_hasFoundSomethingOnce() {
        Set<StrategyCheck> proven = Broken.ALL.stream().map(Broken::check).collect(Collectors.toSet());
        assertThat(proven).isEqualTo(EnumSet.allOf(StrategyCheck.class));
    }

    @Test
    void verify_soundStrategies_pass() {
        UNIFORM.verify();
        StrategyVerifier.of(Sound::weighted).followsWeights().verify();
        StrategyVerifier.of(Sound::rotation).spreadsEvenly().seed(2).verify();
        StrategyVerifier.of(Sound::learning).spreadsEvenly().verify();
        StrategyVerifier.of(Sound::affinity).spreadsEvenly().keepsKeys().verify();
    }

    @Test
    void verify_pickThatNeverReturns_saysWhereItIs() {
        StrategyVerifier verifier = StrategyVerifier.of(Broken::looksForEver).limit(Duration.ofMillis(1500));
        assertThatThrownBy(() -> verifier.verify(StrategyCheck.FURTHER_ATTEMPTS))
                .hasMessageContaining("not done after")
                .hasMessageContaining("looksForEver");
    }

    @Test
    void verify_callersThatNeverReturn_saysWhereTheyAre() {
        StrategyVerifier verifier = StrategyVerifier.of(Broken::waitsOnCallers).limit(Duration.ofMillis(1500));
        assertThatThrownBy(() -> verifier.verify(StrategyCheck.THREADS))
                .hasMessageContaining("not done after PT1.5S")
                .hasMessageContaining("caller 0")
                .hasMessageContaining("waitsOnCallers");
    }

    @Test
    void verify_firstFault_endsIt() {
        StrategyVerifier verifier = StrategyVerifier.of(() -> {
            throw new IllegalStateException("no such thing");
        });
        assertThatThrownBy(verifier::verify)
                .hasMessageContaining("the strategy fails ONE_INSTANCE")
                .hasMessageContaining("no such thing")
                .hasRootCauseInstanceOf(IllegalStateException.class);
    }

    @Test
    void verify_anotherSeed_isNamedInTheError() {
        StrategyVerifier verifier =
                StrategyVerifier.of(Sound::uniform).followsWeights().seed(42);
        assertThatThrownBy(() -> verifier.verify(StrategyCheck.SHARES)).hasMessageContaining("with seed(42)");
    }

    @Test
    void instances_describedByZone_areSeenByTheStrategy() {
        Strategy zoned = eligible -> {
            for (int i = 0; i < eligible.size(); i++) {
                Objects.requireNonNull(eligible.get(i).instance().zone(), "zone");
            }
            return Sound.uniformPicker(eligible);
        };
        StrategyVerifier verifier = StrategyVerifier.of(() -> zoned).spreadsEvenly();
        assertThatThrownBy(() -> verifier.verify(StrategyCheck.ONE_INSTANCE)).hasMessageContaining("zone");
        StrategyVerifier described =
                verifier.instances(each -> each.toBuilder().zone("east").build());
        described.verify(StrategyCheck.ONE_INSTANCE);
        described.verify(StrategyCheck.STATE_KEPT);
        described.verify(StrategyCheck.THREADS);
    }

    @Test
    void verify_checkOfWhatIsNotClaimed_isRefused() {
        assertThatThrownBy(() -> UNIFORM.verify(StrategyCheck.KEYS_STAY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("check: KEYS_STAY (expected: one of [");
    }

    @ParameterizedTest
    @EnumSource(StrategyCheck.class)
    void without_thatCheck_isNotMade(StrategyCheck check) {
        StrategyVerifier all = UNIFORM.keepsKeys(0.1);
        assertThat(all.checks()).containsExactly(StrategyCheck.values());
        assertThat(all.without(check).checks())
                .hasSize(StrategyCheck.values().length - 1)
                .doesNotContain(check);
    }

    @Test
    void checks_nothingClaimed_areThoseOfEveryStrategy() {
        assertThat(StrategyVerifier.of(Sound::uniform).checks())
                .doesNotContain(StrategyCheck.SHARES, StrategyCheck.KEYS_STAY, StrategyCheck.KEYS_RETURN)
                .hasSize(StrategyCheck.values().length - 3);
    }

    @Test
    void settings_outOfRange_areRefused() {
        assertThatThrownBy(() -> UNIFORM.keepsKeys(1.5)).hasMessage("strays: 1.5 (expected: 0 to 1)");
        assertThatThrownBy(() -> UNIFORM.keepsKeys(Double.NaN)).hasMessage("strays: NaN (expected: 0 to 1)");
        assertThatThrownBy(() -> UNIFORM.limit(Duration.ZERO)).hasMessage("limit: PT0S (expected: > 0)");
        assertThat(UNIFORM).hasToString(UNIFORM.toString());
    }
}
