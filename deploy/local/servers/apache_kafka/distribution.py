"""Apache Kafka's jars, fetched once by the installed Maven and kept in a cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from string import Template

from deploy.local.servers.process import Command, ServerError

KAFKA_VERSION = "4.1.2"
LOG4J_VERSION = "2.25.3"  # The one this Kafka depends on; only the binding of SLF4J to it is missing there.
COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
OLDEST_JAVA = 17
JAVA_VERSION_SECONDS = 20.0
FETCH_SECONDS = 900.0

PROJECT = Template("""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>doso</groupId>
  <artifactId>embedded-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>$kafka</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>$log4j</version>
    </dependency>
  </dependencies>
</project>
""")


def unavailable_reason(cache_dir: Path) -> str | None:
    """Say why Apache Kafka cannot run here and what to do; None if it can (perhaps after fetching it)."""
    try:
        java_executable()
        if not library_directory(cache_dir).is_dir():
            _maven_executable()
    except ServerError as error:
        return str(error)
    return None


def library_directory(cache_dir: Path) -> Path:
    """Where the jars of this version are kept; the directory is there only when it is complete."""
    return cache_dir.resolve() / f"kafka-{KAFKA_VERSION}" / "libs"


def fetch(cache_dir: Path) -> Path:
    """Fetch the jars (some 45 MB) unless they are there, and give their directory.

    Takes up to 15 minutes; raises ServerError with the end of Maven's output.
    """
    libraries = library_directory(cache_dir)
    if libraries.is_dir():
        return libraries
    maven = _maven_executable()
    libraries.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=libraries.parent, prefix="fetching-") as name:
        unfinished = Path(name)
        project = PROJECT.substitute(kafka=KAFKA_VERSION, log4j=LOG4J_VERSION)
        (unfinished / "pom.xml").write_text(project, encoding="utf-8")
        # Strict checksums: a damaged download fails instead of being run.
        options = ("--batch-mode", "--no-transfer-progress", "--strict-checksums")
        target = ("-DincludeScope=runtime", f"-DoutputDirectory={unfinished / 'libs'}")
        Command((maven, *options, COPY_GOAL, *target), unfinished).run(FETCH_SECONDS)
        try:
            (unfinished / "libs").rename(libraries)
        except OSError:
            if not libraries.is_dir():  # Else another process fetched it meanwhile.
                raise
    return libraries


def java_executable() -> str:
    """Find the `java` of JAVA_HOME, else of PATH; raises ServerError unless it is Java 17 or newer."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if java is None:
        place = f"in JAVA_HOME ({home})" if home else "on PATH"
        message = f"Apache Kafka needs Java {OLDEST_JAVA} or newer and there is none {place}; install a JRE"
        raise ServerError(message)
    try:
        result = subprocess.run(  # noqa: S603
            [java, "-version"], capture_output=True, text=True, timeout=JAVA_VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        message = f"{java} -version failed ({error}); install Java {OLDEST_JAVA} or newer"
        raise ServerError(message) from error
    found = re.search(r'version "(\d+)', result.stderr + result.stdout)
    if found is None or int(found[1]) < OLDEST_JAVA:
        said = (result.stderr or result.stdout).partition("\n")[0]
        message = f"Apache Kafka needs Java {OLDEST_JAVA} or newer; {java} says: {said}"
        raise ServerError(message)
    return java


def _maven_executable() -> str:
    maven = shutil.which("mvn")
    if maven is None:
        message = (
            f"Apache Kafka {KAFKA_VERSION} is not in the cache and there is no mvn on PATH to fetch it with; "
            "install Maven"
        )
        raise ServerError(message)
    return maven
