package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What those are told who use a source without the library that it needs, which nobody inherits. */
class OptionalJarTest {
    private static URL url(String path) {
        try {
            return Path.of(path).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(path, e);
        }
    }

    @ParameterizedTest
    @CsvSource({"dns.DnsDiscovery, dnsjava, org.xbill.DNS.Message, dnsjava:dnsjava"})
    void source_withoutItsLibrary_saysWhatIsMissing(String source, String jars, String type, String artifact)
            throws Exception {
        URL[] without = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(path -> !Path.of(path).getFileName().toString().matches(jars + "-[0-9.]+\\.jar"))
                .map(OptionalJarTest::url)
                .toArray(URL[]::new);
        try (URLClassLoader loader = new URLClassLoader(without, ClassLoader.getPlatformClassLoader())) {
            Class<?> poor = loader.loadClass("io.lb4j.discovery." + source);

            assertThatThrownBy(() ->
                            poor.getMethod("of", String[].class).invoke(null, (Object) new String[] {"127.0.0.1"}))
                    .isInstanceOf(InvocationTargetException.class)
                    .cause()
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(poor.getSimpleName() + ": " + type + " is missing (expected: the artifact " + artifact
                            + " on the path, which lb-discovery doesn't bring along)");
        }
    }
}
