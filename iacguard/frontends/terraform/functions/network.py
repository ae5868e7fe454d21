"""IP network functions on integers; the standard ``ipaddress`` costs more to import than they do."""

from __future__ import annotations

from typing import NamedTuple

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError


class Network(NamedTuple):
    """``address`` as written, as a number; ``bits`` is 32 or 128, ``prefix`` the length of the network's part."""

    address: int
    prefix: int
    bits: int

    @property
    def base(self) -> int:
        host = self.bits - self.prefix
        return self.address >> host << host


def parse_address(text: str) -> tuple[int, int]:
    """An address and its width in bits. Raises FunctionError."""
    return (_parse_six(text), 128) if ":" in text else (_parse_four(text), 32)


def _parse_four(text: str) -> int:
    parts = text.split(".")
    if len(parts) != 4:
        raise FunctionError(f"{text[:50]!r} is not an IP address")
    value = 0
    for part in parts:
        # Terraform's own parser allows leading zeros, as decimal.
        if not (part.isascii() and part.isdigit()) or len(part) > 10 or int(part) > 255:
            raise FunctionError(f"{text[:50]!r} is not an IP address")
        value = value << 8 | int(part)
    return value


def _parse_six(text: str) -> int:
    head, gap, tail = text.partition("::")
    groups = [_groups(part) for part in (head, tail)]
    missing = 8 - sum(map(len, groups))
    if (missing < 1 if gap else missing != 0) or "::" in tail:
        raise FunctionError(f"{text[:50]!r} is not an IP address")
    value = 0
    for group in [*groups[0], *[0] * missing, *groups[1]]:
        value = value << 16 | group
    return value


def _groups(text: str) -> list[int]:
    if not text:
        return []
    result = []
    parts = text.split(":")
    for position, part in enumerate(parts):
        if "." in part and position == len(parts) - 1:
            four = _parse_four(part)
            result += [four >> 16, four & 0xFFFF]
        elif 1 <= len(part) <= 4 and all(c in "0123456789abcdefABCDEF" for c in part):
            result.append(int(part, 16))
        else:
            raise FunctionError(f"{text[:50]!r} is not an IP address")
    return result


def address_text(value: int, bits: int) -> str:
    """The usual text (RFC 5952 for IPv6): the longest run of two or more zero groups is ``::``."""
    if bits == 32:
        return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))
    groups = [value >> shift & 0xFFFF for shift in range(112, -16, -16)]
    best, size = -1, 1
    for start in range(8):
        end = start
        while end < 8 and groups[end] == 0:
            end += 1
        if end - start > size:
            best, size = start, end - start
    texts = [format(g, "x") for g in groups]
    if best < 0:
        return ":".join(texts)
    return ":".join(texts[:best]) + "::" + ":".join(texts[best + size :])


def parse_network(text: str) -> Network:
    """``address/length``. Raises FunctionError."""
    address, slash, length = text.partition("/")
    if not slash or not (length.isascii() and length.isdigit()) or len(length) > 3:
        raise FunctionError(f"{text[:50]!r} is not a CIDR block")
    value, bits = parse_address(address)
    if int(length) > bits:
        raise FunctionError(f"{text[:50]!r} is not a CIDR block")
    return Network(value, int(length), bits)


def _whole(number: int | float) -> int:
    if isinstance(number, int):
        return number
    raise FunctionError("a whole number is required")


def cidrhost(prefix: str, number: int | float) -> str:
    network, host = parse_network(prefix), _whole(number)
    size = 1 << (network.bits - network.prefix)
    if not -size <= host < size:
        raise FunctionError(f"the network {prefix} has no host number {host}")
    return address_text(network.base + (host if host >= 0 else size + host), network.bits)


def cidrnetmask(prefix: str) -> str:
    network = parse_network(prefix)
    if network.bits != 32:
        raise FunctionError("IPv6 networks have no netmask")
    return address_text((1 << 32) - (1 << (32 - network.prefix)), 32)


def cidrsubnet(prefix: str, new_bits: int | float, number: int | float) -> str:
    network, added, wanted = parse_network(prefix), _whole(new_bits), _whole(number)
    if added < 0 or wanted < 0:
        raise NotEvaluatedError("a negative number of bits or subnets is not evaluated")
    length = network.prefix + added
    if length > network.bits:
        raise FunctionError(f"{prefix} cannot be extended by {added} bits")
    if wanted >= 1 << added:
        raise FunctionError(f"{added} bits have no subnet number {wanted}")
    base = network.base + (wanted << (network.bits - length))
    return f"{address_text(base, network.bits)}/{length}"


def cidrsubnets(prefix: str, *new_bits: int | float) -> list[str]:
    network = parse_network(prefix)
    result = []
    position = network.base
    end = network.base + (1 << (network.bits - network.prefix))
    for given in new_bits:
        added = _whole(given)
        length = network.prefix + added
        if added < 1 or length > network.bits:
            raise FunctionError(f"{prefix} cannot be extended by {added} bits")
        size = 1 << (network.bits - length)
        position = -(-position // size) * size
        if position + size > end:
            raise FunctionError(f"{prefix} has no room for a subnet of {added} more bits")
        result.append(f"{address_text(position, network.bits)}/{length}")
        position += size
    return result


def cidrcontains(outer: str, inner: str) -> bool:
    network = parse_network(outer)
    other = parse_network(inner) if "/" in inner else Network(*_single(inner))
    if other.bits != network.bits:
        raise FunctionError("one is an IPv4 and the other an IPv6 address")
    shift = network.bits - network.prefix
    return other.prefix >= network.prefix and other.address >> shift == network.address >> shift


def _single(text: str) -> tuple[int, int, int]:
    address, bits = parse_address(text)
    return address, bits, bits
