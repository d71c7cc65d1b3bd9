package remus.testkit;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Arrays;
import java.util.Random;

/** The arrows between the modules, and what decides nothing by itself. */
@AnalyzeClasses(packages = "remus", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String[] ENGINES = {"remus.primary..", "remus.backup..", "remus.ha.."};

    /** A module sees itself and those named; other libraries are not restricted here. */
    private static ArchRule sees(String module, String... others) {
        String[] allowed =
                Arrays.stream(others).map(other -> "remus." + other + "..").toArray(String[]::new);
        return noClasses()
                .that()
                .resideInAPackage("remus." + module + "..")
                .should()
                .dependOnClassesThat(
                        resideInAPackage("remus..")
                                .and(not(resideInAPackage("remus." + module + "..")))
                                .and(not(resideInAnyPackage(allowed))))
                .as(module + " sees only " + String.join(", ", others));
    }

    @ArchTest static final ArchRule PROTOCOL = sees("protocol");

    @ArchTest static final ArchRule DOMAIN = sees("domain", "protocol");

    @ArchTest static final ArchRule NETBUF = sees("netbuf", "domain", "protocol");

    @ArchTest static final ArchRule DISKBUF = sees("diskbuf", "domain", "protocol");

    @ArchTest static final ArchRule HA = sees("ha", "domain", "protocol");

    @ArchTest
    static final ArchRule PRIMARY =
            sees("primary", "netbuf", "diskbuf", "ha", "domain", "protocol");

    @ArchTest static final ArchRule BACKUP = sees("backup", "diskbuf", "ha", "domain", "protocol");

    @ArchTest
    static final ArchRule NOBODY_SEES_BENCH_OR_TESTKIT =
            noClasses()
                    .that(not(resideInAnyPackage("remus.bench..", "remus.testkit..")))
                    .should()
                    .dependOnClassesThat(resideInAnyPackage("remus.bench..", "remus.testkit.."));

    @ArchTest
    static final ArchRule NO_BAGS =
            noClasses()
                    .that(resideInAPackage("remus.."))
                    .should()
                    .haveSimpleNameEndingWith("Util")
                    .orShould()
                    .haveSimpleNameEndingWith("Utils")
                    .orShould()
                    .haveSimpleNameEndingWith("Helper");

    /** Time and chance come from outside, so that the simulator can give them. */
    @ArchTest
    static final ArchRule TIME_IS_AN_ARGUMENT =
            noClasses()
                    .that(resideInAnyPackage(ENGINES).and(not(isConductorThread())))
                    .should()
                    .callMethod(System.class, "currentTimeMillis")
                    .orShould()
                    .callMethod(System.class, "nanoTime")
                    .orShould()
                    .callMethod(Thread.class, "sleep", long.class)
                    .orShould()
                    .callConstructor(Random.class);

    private static com.tngtech.archunit.base.DescribedPredicate<JavaClass> isConductorThread() {
        return com.tngtech.archunit.base.DescribedPredicate.describe(
                "the conductor's thread",
                type -> type.getName().startsWith("remus.ha.ConductorThread"));
    }
}
